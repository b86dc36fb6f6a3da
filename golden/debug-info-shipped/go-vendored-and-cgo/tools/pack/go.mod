module git.example.org/maps/pack

go 1.20
