FROM golang:1.22-bookworm AS build
WORKDIR /go/src/app
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN go build -trimpath -ldflags="-s -w" -o guestbook .

FROM gcr.io/distroless/base-debian12
WORKDIR /go/src/app
COPY --from=build /go/src/app/guestbook /go/src/app/guestbook
EXPOSE 8080
CMD ["./guestbook"]
