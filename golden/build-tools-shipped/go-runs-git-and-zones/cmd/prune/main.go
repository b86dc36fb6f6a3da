package main

func main() { println("pruned") }
