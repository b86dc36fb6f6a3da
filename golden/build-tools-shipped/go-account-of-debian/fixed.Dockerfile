FROM golang:1.22-bookworm AS build
WORKDIR /app
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /usr/local/bin/tides .

FROM debian:bookworm-slim
WORKDIR /app
COPY --from=build /usr/local/bin/tides /usr/local/bin/tides
USER www-data
ENV TIDES_PORT=8080
CMD ["tides"]
