package org.example;

public class Ledger {
    public static void main(String[] args) throws Exception {
        System.out.println(java.nio.file.Files.readString(java.nio.file.Path.of("chart.txt")));
    }
}
