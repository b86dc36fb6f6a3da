module lighthouse

go 1.22
