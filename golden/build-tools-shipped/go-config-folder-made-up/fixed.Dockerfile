FROM golang:1.23-alpine AS build
WORKDIR /app
COPY . .
RUN go mod download && CGO_ENABLED=0 go build -o server .

FROM alpine:3
WORKDIR /app
COPY --from=build /app/ /app/
USER 1000
HEALTHCHECK --interval=30s CMD wget -qO- http://localhost:8080/ || exit 1
CMD ["./server", "--config", "etc/dev.yml"]
