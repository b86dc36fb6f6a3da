package main

import (
	"flag"
	"log"
	"net/http"
	"os"
)

func main() {
	name := flag.String("config", "", "the configuration")
	flag.Parse()
	if _, err := os.ReadFile(*name); err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe(":8080", nil))
}
