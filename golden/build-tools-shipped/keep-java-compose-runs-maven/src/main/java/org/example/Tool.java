package org.example;

public class Tool {
    public static void main(String[] args) {}
}
