package main

import (
	"fmt"
	"net/http"
)

func main() {
	http.HandleFunc("/metrics", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "probe_up 1")
	})
	if err := http.ListenAndServe(":9090", nil); err != nil {
		panic(err)
	}
}
