FROM golang:1.22 AS build
WORKDIR /src
COPY . .
RUN go build -o server .

FROM debian:bookworm-slim
WORKDIR /src
COPY --from=build /src/server /src/server
CMD ["./server"]
