package org.example;

public class Bell {
    public static void main(String[] args) {
        System.out.println("ding");
    }
}
