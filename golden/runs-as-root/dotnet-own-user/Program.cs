var builder = WebApplication.CreateBuilder(args);
var app = builder.Build();
var folder = builder.Configuration["Folder"];
app.MapGet("/", () => "notes");
app.Run();
