# syntax=docker/dockerfile:1
FROM --platform=$BUILDPLATFORM golang:1.22 AS build
ARG TARGETOS TARGETARCH
COPY . /src
RUN GOOS=$TARGETOS GOARCH=$TARGETARCH go build -C /src -o /out/app .

FROM debian:bookworm-slim AS slim
COPY --from=build /out/app /usr/local/bin/app

FROM debian:bookworm-slim AS plain
FROM   gcr.io/distroless/base-debian12
COPY --from=build /out/app /usr/local/bin/app
ENTRYPOINT ["app"]
