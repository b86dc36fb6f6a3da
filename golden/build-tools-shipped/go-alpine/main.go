package main

import (
	"io"
	"net/http"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		reply, err := http.Get("https://paste.example.org" + r.URL.Path)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer reply.Body.Close()
		io.Copy(w, reply.Body)
	})
	http.ListenAndServe(":3000", nil)
}
