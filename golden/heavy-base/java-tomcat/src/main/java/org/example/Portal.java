package org.example;

public class Portal {}
