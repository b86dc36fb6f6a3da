FROM golang:1.22-bookworm AS build

WORKDIR /app
COPY go.mod ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /usr/local/bin/tides .

FROM gcr.io/distroless/static-debian12
WORKDIR /app
COPY --from=build /usr/local/bin/tides /usr/local/bin/tides

ENV TIDES_PORT=8080
EXPOSE 8080
CMD ["tides"]
