FROM golang:1.22-alpine

# git is for the version that the program prints
RUN apk add --no-cache git
WORKDIR /src
COPY . .
RUN go build -trimpath -o /usr/local/bin/ingest ./cmd/ingest && go clean -cache -modcache

EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/ingest"]
