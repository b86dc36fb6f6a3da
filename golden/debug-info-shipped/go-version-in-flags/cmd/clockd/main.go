package main

import (
	"log"
	"runtime"
)

var version, commit string

func main() {
	_, file, _, _ := runtime.Caller(0)
	log.Println(version, commit, "built from", file)
}
