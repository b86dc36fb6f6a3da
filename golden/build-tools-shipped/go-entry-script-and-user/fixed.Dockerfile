FROM golang:1.23-bookworm AS build
ENV GO111MODULE=on CGO_ENABLED=0
ENV QUEUE_URL=amqp://queue:5672
RUN apt-get update && apt-get install -y --no-install-recommends git postgresql-client \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 1500 worker
WORKDIR /srv/worker
COPY . .
RUN go build -ldflags="-s -w" -o /srv/worker/bin/worker ./cmd/worker

FROM debian:bookworm-slim
ENV GO111MODULE=on CGO_ENABLED=0
ENV QUEUE_URL=amqp://queue:5672
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        ca-certificates \
        git \
        postgresql-client \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 1500 worker
WORKDIR /srv/worker
COPY --from=build /srv/worker/bin/worker /srv/worker/bin/worker
COPY docker/entrypoint.sh /entrypoint.sh
USER 1500
ENTRYPOINT ["/entrypoint.sh"]
CMD ["worker"]
