FROM golang:1.20-bullseye
WORKDIR /srv
COPY . .
RUN set -eux; \
    go build -o bin/worker ./worker; \
    go build -o bin/web ./web \
    && go clean -cache -modcache
COPY docker/entrypoint.sh /entrypoint.sh
RUN chmod 0755 /entrypoint.sh
ENTRYPOINT ["/entrypoint.sh"]
