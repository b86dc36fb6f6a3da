package main

// #include <zlib.h>
import "C"

func main() {}
