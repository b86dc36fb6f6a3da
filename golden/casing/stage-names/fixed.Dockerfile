FROM golang:1.22 AS modules
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download

FROM modules AS build
COPY . .
RUN --mount=type=cache,target=/root/.cache/go-build \
    go build -o /out/app .

FROM debian:bookworm AS test
RUN --mount=type=bind,from=build,source=/out,target=/in /in/app --self-test
# "Build" in a comment or in a path stays.
COPY --from=build --chown=root /out/app /usr/local/Build/app

FROM debian:bookworm-slim
COPY --from=build /out/app /usr/local/bin/app
CMD ["app"]
