FROM golang:1.21-alpine AS builder
ARG VERSION=dev
RUN apk add --no-cache git
WORKDIR /src
COPY . .
RUN CGO_ENABLED=0 go build -v -ldflags="-s -w -X main.version=${VERSION} -X main.commit=$(git rev-parse HEAD)" -o /bin/clockd ./cmd/clockd && \
    CGO_ENABLED=1 go build '-ldflags=-s -w -extldflags "-static"' -tags netgo -o /bin/clockctl ./cmd/clockctl

FROM alpine:3.18
COPY --from=builder /bin/clockd /bin/clockctl /usr/local/bin/
CMD ["clockd"]
