FROM golang:1.22 AS build
WORKDIR src
COPY . .
RUN go build -o server .

FROM gcr.io/distroless/base-debian12
WORKDIR /go
WORKDIR src
COPY --from=build /go/src/server /go/src/server
CMD ["./server"]
