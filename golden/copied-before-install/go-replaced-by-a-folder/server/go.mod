module example.org/chat/server

go 1.22

require (
	github.com/go-chi/chi/v5 v5.0.12
)

require example.org/chat/proto v0.0.0

replace example.org/chat/proto => ../proto
