FROM golang:1.23 AS build
WORKDIR /src
COPY . .
RUN go build -o /api .

FROM gcr.io/distroless/base-debian12
COPY --from=build /api /api
ENTRYPOINT ["/api"]
