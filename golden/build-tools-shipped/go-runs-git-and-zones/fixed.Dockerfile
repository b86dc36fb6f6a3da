FROM golang:1.22-bookworm AS build
ARG TOKEN_URL=https://git.example.org
ENV TZ=Europe/Lisbon
WORKDIR /app
COPY . .
RUN go vet ./... && go build -o /usr/local/bin/mirror ./cmd/mirror && go build -o /usr/local/bin/ ./cmd/...

FROM debian:bookworm-slim AS app
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        ca-certificates \
        git \
        openssh-client \
        tzdata \
    && rm -rf /var/lib/apt/lists/*
ENV TZ=Europe/Lisbon
WORKDIR /app
COPY --from=build /usr/local/bin/mirror /usr/local/bin/mirror
COPY --from=build /usr/local/bin/prune /usr/local/bin/prune
CMD ["mirror"]
