FROM golang:1.22-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN go test ./...
RUN CGO_ENABLED=0 GOOS=linux go build -trimpath -ldflags="-s -w" \
      -o /out/parcels \
      ./cmd/parcels

FROM gcr.io/distroless/base-debian12
COPY --from=build /out/parcels /parcels
ENTRYPOINT ["/parcels"]
