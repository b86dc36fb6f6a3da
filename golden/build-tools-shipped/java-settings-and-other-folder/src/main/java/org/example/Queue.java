package org.example;

public class Queue {
    public static void main(String[] args) {}
}
