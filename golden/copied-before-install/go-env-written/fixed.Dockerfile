FROM golang:1.22-alpine AS build
WORKDIR /srv
COPY go.mod go.sum ./
RUN GOPROXY=https://goproxy.cn,direct go mod download
COPY . .
RUN go env -w GO111MODULE=on \
    && go env -w GOPROXY=https://goproxy.cn,direct \
    && go mod tidy \
    && go build -o server .

FROM alpine:3.20
COPY --from=build /srv/server /srv/
CMD ["/srv/server"]
