from golang:1.21-alpine3.18 as build
workdir /build
copy go.mod .
copy main.go .
run go build -o main .

from gcr.io/distroless/static-debian12
workdir /build
copy --from=build /build/main /build/main
expose 3000
cmd ["/build/main"]
