package org.example.billing;

public class Main {
}
