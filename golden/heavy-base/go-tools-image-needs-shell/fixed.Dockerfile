FROM golang:1.21 AS build
WORKDIR /src
COPY . .
RUN go build -o buoy .

FROM debian:bookworm-slim
RUN groupadd -g 1200 buoy && useradd -u 1200 -g buoy buoy
WORKDIR /srv
COPY --from=build /src/buoy .
USER 1200
CMD ["./buoy"]
