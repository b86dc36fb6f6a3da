FROM rust:1.77 AS build
WORKDIR /app
COPY . .
RUN cargo build --release

FROM debian:bookworm-slim
WORKDIR /app
COPY --from=build /app/target/release/x /app/target/release/x
COPY --from=build /app/conf/a.toml /app/conf/a.toml
CMD ["./target/release/x", "--config", "conf/a.toml"]
