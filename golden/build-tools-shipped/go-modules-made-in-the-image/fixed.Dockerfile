FROM golang:1.19-bullseye AS build

WORKDIR /go/src/app
COPY *.go .

RUN go mod init letters && go mod tidy
RUN go install

FROM debian:bullseye-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        ca-certificates \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /go/src/app
COPY --from=build /go/bin/letters /usr/local/bin/letters

CMD letters
