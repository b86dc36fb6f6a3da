module example.org/relay

go 1.22

require (
	github.com/go-chi/chi/v5 v5.0.12
	go.uber.org/zap v1.27.0
	go.uber.org/multierr v1.11.0 // indirect
)
