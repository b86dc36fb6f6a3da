public class Tests { }
