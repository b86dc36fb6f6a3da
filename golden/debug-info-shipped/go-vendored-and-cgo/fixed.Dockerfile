from golang:1.20 as tools
run go install github.com/pressly/goose/v3/cmd/goose@v3.15.0

from golang:1.20 as build
workdir /go/src/git.example.org/maps/tiles
copy . .
run go generate ./... && CGO_ENABLED=0 go install -trimpath -ldflags="-s -w" -mod=vendor ./cmd/...
run cd tools/pack && go build -trimpath -ldflags "-s -w -linkmode=external" -o /usr/local/bin/pack

from debian:bookworm-slim
copy --from=build /go/bin/ /usr/local/bin/pack /usr/local/bin/
copy --from=tools /go/bin/goose /usr/local/bin/
cmd ["tiles"]
