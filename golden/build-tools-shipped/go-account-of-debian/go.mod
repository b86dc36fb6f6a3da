module git.example.org/harbour/tides

go 1.22
