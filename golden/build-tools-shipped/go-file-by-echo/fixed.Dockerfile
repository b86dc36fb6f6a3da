FROM golang:1.22 AS build
RUN echo "currency = EUR" > /etc/shop.conf
WORKDIR /src
COPY . .
RUN go build -o /usr/local/bin/server .

FROM debian:bookworm-slim
RUN echo "currency = EUR" > /etc/shop.conf
WORKDIR /src
COPY --from=build /usr/local/bin/server /usr/local/bin/server
CMD ["server"]
