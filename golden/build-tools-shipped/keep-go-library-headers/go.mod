module app

go 1.22

require git.example.org/net/frames v0.1.0
