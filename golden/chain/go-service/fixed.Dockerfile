# Build the thing
FROM golang:1.22 AS builder
ENV CGO_ENABLED=0
WORKDIR /go/src/quotes
COPY go.mod .
COPY *.go ./
RUN go build -trimpath -ldflags="-s -w" -o /bin/quotes .

# Ship it
FROM debian:12-slim
LABEL org.opencontainers.image.source=https://git.example.org/quotes
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates tzdata \
    && rm -rf /var/lib/apt/lists/*
ENV TZ=Europe/Prague
COPY --from=builder /bin/quotes /usr/local/bin/quotes
RUN useradd --system quotes
RUN mkdir -p /var/lib/quotes
COPY --chown=quotes:quotes quotes.txt /var/lib/quotes/
USER quotes
EXPOSE 8017/tcp
CMD ["/usr/local/bin/quotes", "-file", "/var/lib/quotes/quotes.txt"]
