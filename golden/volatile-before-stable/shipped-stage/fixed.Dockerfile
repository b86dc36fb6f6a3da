FROM golang:1.22 AS build
WORKDIR /src
COPY . .
RUN go build -o /out/relay .

FROM debian:12-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates tzdata \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --no-log-init relay
COPY --from=build /out/relay /srv/relay
USER relay
ENTRYPOINT ["/srv/relay"]
