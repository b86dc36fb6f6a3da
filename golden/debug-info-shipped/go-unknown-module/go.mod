module relay

go 1.23

require git.example.org/radio/frames v0.3.1
