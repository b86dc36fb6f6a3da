Console.WriteLine($"sum: {1 + 2}");
