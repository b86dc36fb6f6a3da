public class Shop {}
