FROM golang:1.22-bookworm AS build
COPY server/go.mod server/go.sum /chat/server/
COPY proto/go.mod /chat/proto/
WORKDIR /chat/server
RUN go mod download
COPY . /chat
RUN go test ./... && go build -o /chat-server .

FROM debian:bookworm-slim
COPY --from=build /chat-server /usr/local/bin/
CMD ["chat-server"]
