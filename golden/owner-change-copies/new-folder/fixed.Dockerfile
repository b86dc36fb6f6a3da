FROM golang:1.22 AS build
COPY . /src
RUN cd /src && go build -o /out/server ./cmd/server

FROM debian:bookworm-slim
RUN useradd --uid 1001 app
COPY --from=build --chown=app:app /out/ /opt/server/
COPY --chown=app:app config.yaml /etc/server/config.yaml
USER app
ENTRYPOINT ["/opt/server/server"]
