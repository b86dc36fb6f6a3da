package main

import "os"

func main() {
	if err := os.WriteFile("/mail/new/1", []byte("hi"), 0o644); err != nil {
		panic(err)
	}
}
