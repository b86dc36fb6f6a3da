# -modcache is left out: it may fail with this version where no module is used
FROM golang:1.14
WORKDIR /go/src/example.org/relay
COPY . .
RUN go get -d ./... && go build -o /relay . && go clean -cache
CMD ["/relay"]
