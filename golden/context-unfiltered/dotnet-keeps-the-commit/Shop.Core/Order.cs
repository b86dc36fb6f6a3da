namespace Shop.Core;

public record Order(int Number);
