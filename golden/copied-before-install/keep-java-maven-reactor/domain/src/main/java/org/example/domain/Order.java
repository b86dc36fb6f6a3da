package org.example.domain;

public record Order(long number) {
}
