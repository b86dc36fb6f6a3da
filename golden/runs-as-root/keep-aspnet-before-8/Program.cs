var app = WebApplication.CreateBuilder(args).Build();
app.MapGet("/", () => "To be or not to be");
app.Run();
