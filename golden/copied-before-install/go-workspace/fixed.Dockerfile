FROM golang:1.22 AS build
WORKDIR /shop
COPY --link go.work* ./
COPY --link gateway/go.mod gateway/go.sum gateway/
COPY --link shared/go.* shared/
RUN go mod download
COPY --link . .
RUN go build -o /out/gateway ./gateway

FROM gcr.io/distroless/base-debian12
COPY --from=build /out/gateway /gateway
CMD ["/gateway"]
