module git.example.org/maps/tiles

go 1.20

require git.example.org/lib/points v1.0.0
