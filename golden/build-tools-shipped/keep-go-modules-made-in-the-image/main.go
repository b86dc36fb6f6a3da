package main

import (
	"log"

	"github.com/nats-io/nats.go"
)

func main() {
	conn, err := nats.Connect("tls://letters.example.org")
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	select {}
}
