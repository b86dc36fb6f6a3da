module example.org/janitor

go 1.22
