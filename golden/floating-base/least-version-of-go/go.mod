module example.org/api

go 1.22.3

toolchain go1.23.1
