package main

import (
	_ "embed"
	"fmt"
	"net/http"
	"os"
	"strings"
)

//go:embed page.html
var page string

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		name := strings.Trim(r.URL.Path, "/.")
		text, err := os.ReadFile(fmt.Sprintf("content/%s.md", name))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Write([]byte(strings.Replace(page, "{{.}}", string(text), 1)))
	})
	http.ListenAndServe(":8080", nil)
}
