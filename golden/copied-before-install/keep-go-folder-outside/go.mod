module example.org/app

go 1.22

require (
	github.com/go-chi/chi/v5 v5.0.12
	example.org/kit v0.4.0
)

replace example.org/kit => ../kit
