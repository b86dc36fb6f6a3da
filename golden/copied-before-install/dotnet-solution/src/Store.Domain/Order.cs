namespace Store.Domain;

public record Order(long Number);
