FROM golang:1.22-alpine AS build
WORKDIR /src
COPY go.mod ./
COPY cmd ./cmd
RUN CGO_ENABLED=0 go build -o /relay ./cmd/relay

FROM alpine:3.20
COPY --from=build /relay /usr/local/bin/relay
EXPOSE 9090

HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:9090/readyz"]

ENTRYPOINT ["relay"]
CMD ["--listen", ":9090"]
