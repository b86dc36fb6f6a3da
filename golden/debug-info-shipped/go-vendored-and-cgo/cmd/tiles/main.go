package main

import "git.example.org/lib/points"

func main() { points.Serve() }
