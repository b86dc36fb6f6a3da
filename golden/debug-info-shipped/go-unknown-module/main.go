package main

import "git.example.org/radio/frames"

func main() { frames.Relay() }
