FROM rust:1.79-alpine3.20 AS build
RUN apk add --no-cache musl-dev
WORKDIR /work
COPY . .
RUN cargo build --release -p gatekeeper && cp target/release/gatekeeper /usr/local/bin/gatekeeper

FROM alpine:3.20 AS app
WORKDIR /work
COPY --from=build /usr/local/bin/gatekeeper /usr/local/bin/gatekeeper
USER 1000
ENTRYPOINT ["gatekeeper"]
