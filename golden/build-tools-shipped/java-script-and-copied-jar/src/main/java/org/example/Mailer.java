package org.example;

public class Mailer {
    public static void main(String[] args) {}
}
