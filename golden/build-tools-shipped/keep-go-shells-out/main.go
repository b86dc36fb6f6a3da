package main

import (
	"log"
	"os/exec"
)

func main() {
	out, err := exec.Command("helm", "list", "--output", "json").Output()
	log.Println(string(out), err)
}
