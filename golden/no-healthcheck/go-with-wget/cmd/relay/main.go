package main

import "net/http"

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {})
	http.ListenAndServe(":9090", mux)
}
