FROM golang:1.23-bookworm AS build
WORKDIR /src
COPY go.mod ./
COPY main.go ./
RUN CGO_ENABLED=0 go build -o /usr/local/bin/gong .

FROM debian:bookworm-slim
WORKDIR /src
COPY --from=build /usr/local/bin/gong /usr/local/bin/gong
EXPOSE 8080
CMD ["gong"]
