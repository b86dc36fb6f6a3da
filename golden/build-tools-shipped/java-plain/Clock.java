public class Clock {
    public static void main(String[] args) {
        System.out.println(System.currentTimeMillis() > 0 ? "it is late" : "it is early");
    }
}
