module git.example.org/ops/mirror

go 1.22
