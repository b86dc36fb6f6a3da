FROM golang:1.23-alpine AS build
WORKDIR /src
COPY . .
RUN go build -o /out/worker ./cmd/worker

FROM alpine:3.20
RUN addgroup -S worker && adduser -S -G worker worker
WORKDIR /home/worker
COPY --from=build --chown=worker:worker /out/worker .
USER worker
HEALTHCHECK CMD ["./worker", "ping"]
ENTRYPOINT ["./worker"]
