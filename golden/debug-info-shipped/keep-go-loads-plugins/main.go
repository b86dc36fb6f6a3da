package main

import (
	"fmt"
	"net/http"
	"plugin"
)

func main() {
	if _, err := plugin.Open("/plugins/shop.so"); err != nil {
		panic(err)
	}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "hi") })
	http.ListenAndServe(":8080", nil)
}
