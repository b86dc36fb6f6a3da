FROM golang:1.22

WORKDIR /app

COPY go.mod go.sum ./
RUN go mod download
# all of the service
COPY . .

RUN go build -o /usr/local/bin/tickets .

EXPOSE 8080
CMD ["tickets"]
