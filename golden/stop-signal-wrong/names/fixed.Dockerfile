FROM golang:1.22 AS build
WORKDIR /src
COPY . .
RUN go build -o /hub .
STOPSIGNAL SIGTERM

FROM debian:12-slim
COPY --from=build /hub /hub
STOPSIGNAL SIGUSR1
CMD ["/hub"]
