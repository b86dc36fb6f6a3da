public class Program { }
