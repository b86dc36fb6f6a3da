FROM golang:1.22-alpine3.20 AS build
RUN apk add git make
COPY . /src
RUN make -C /src

FROM golang:1.22-alpine3.20 AS lint
RUN apk add --no-cache shellcheck

FROM alpine:3.20
RUN apk add --no-cache ca-certificates
COPY --from=build /src/app /usr/bin/app
