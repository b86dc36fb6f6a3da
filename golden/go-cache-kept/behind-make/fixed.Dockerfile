FROM golang:1.22-bookworm
WORKDIR /src
COPY . .
RUN go install github.com/a-h/templ/cmd/templ@v0.2.707 && \
    make generate server && \
    go clean -cache -modcache && \
    install -m 0755 bin/server /usr/local/bin/
CMD ["server"]
