module example.org/gong

go 1.23
