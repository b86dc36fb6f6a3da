FROM golang:1.22 AS build

WORKDIR /go/src/ledger
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN go install -v ./...

FROM gcr.io/distroless/base-debian12
WORKDIR /go/src/ledger
COPY --from=build /go/bin/ledger /usr/local/bin/ledger

CMD ["ledger", "-db", "/data/ledger.db"]
