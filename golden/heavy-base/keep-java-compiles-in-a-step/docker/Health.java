class Health {
    public static void main(String[] args) throws Exception {
        new java.net.URL("http://localhost:8080/health").openStream().close();
    }
}
