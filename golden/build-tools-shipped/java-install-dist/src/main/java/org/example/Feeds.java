package org.example;

public class Feeds {
    public static void main(String[] args) {}
}
