module git.example.org/me/blog

go 1.22
