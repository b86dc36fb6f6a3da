package main

import (
	"log"
	"net/http"
	"os"
)

func main() {
	target := os.Getenv("TARGET")
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, target, http.StatusFound)
	})
	log.Fatal(http.ListenAndServe(":8081", nil))
}
