package org.example; public class Api { public static void main(String[] a) { System.out.println("x"); } }
