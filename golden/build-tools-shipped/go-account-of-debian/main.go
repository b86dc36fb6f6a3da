package main

import (
	"encoding/json"
	"log"
	"net/http"
	"os"
	"time"
)

type tide struct {
	At     time.Time `json:"at"`
	Height float64   `json:"height"`
}

func main() {
	http.HandleFunc("/tides", func(w http.ResponseWriter, r *http.Request) {
		now := time.Now().UTC().Truncate(time.Hour)
		json.NewEncoder(w).Encode([]tide{{now, 1.2}, {now.Add(6 * time.Hour), 3.4}})
	})
	http.HandleFunc("/health", func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("ok\n")) })
	log.Fatal(http.ListenAndServe(":"+os.Getenv("TIDES_PORT"), nil))
}
