# syntax=docker/dockerfile:1
FROM golang:1.22 AS builder
RUN go install example.com/tool@latest
FROM debian:bookworm-slim
COPY --from=builder /go/bin/tool /usr/local/bin/
