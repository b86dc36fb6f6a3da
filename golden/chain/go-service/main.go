// A quote of the day to whoever connects (RFC 865).
package main

import (
	"flag"
	"log"
	"net"
	"os"
	"strings"
	"time"
)

func main() {
	file := flag.String("file", "quotes.txt", "one quote a line")
	flag.Parse()
	text, err := os.ReadFile(*file)
	if err != nil {
		log.Fatal(err)
	}
	quotes := strings.Split(strings.TrimSpace(string(text)), "\n")
	listener, err := net.Listen("tcp", ":8017")
	if err != nil {
		log.Fatal(err)
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		connection.Write([]byte(quotes[time.Now().YearDay()%len(quotes)] + "\n"))
		connection.Close()
	}
}
