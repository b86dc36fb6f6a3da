FROM rust:1.79 AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/usr/local/cargo/git/db \
    cargo build --release --locked

FROM debian:12-slim
COPY --from=build /src/target/release/api /usr/local/bin/
CMD ["api"]
