FROM golang:1.23 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download && go mod verify
COPY . .
RUN go vet ./... && go build -o /feeds .

FROM debian:bookworm-slim
COPY --from=build /feeds /usr/local/bin/feeds
CMD ["feeds"]
