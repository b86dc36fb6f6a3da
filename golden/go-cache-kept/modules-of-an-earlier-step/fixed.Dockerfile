FROM golang:1.21
WORKDIR /go/src/app

COPY go.mod go.sum ./
RUN go mod download

COPY . .
RUN go vet ./... \
 && go install -v ./... \
 && go clean -cache \
 && rm -rf testdata

CMD ["app", "--listen", ":8080"]
