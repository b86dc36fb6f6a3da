FROM golang:1.22 AS build
WORKDIR /src
COPY . .
RUN go build -o /out/relay ./cmd/relay

FROM alpine:3.20
COPY --from=build /out/relay /usr/local/bin/relay
ENTRYPOINT ["relay", \
    "--listen", ":7000", \
    # Behind the load balancer only.
    "--trust-proxy", \
    "--banner", "Relay \"7\", it's on"]
