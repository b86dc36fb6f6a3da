package main

import (
	"debug/elf"
	"fmt"
	"net/http"
	"os"
)

func main() {
	file, _ := elf.Open(os.Args[0])
	fmt.Println(file.DWARF())
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "hi") })
	http.ListenAndServe(":8080", nil)
}
