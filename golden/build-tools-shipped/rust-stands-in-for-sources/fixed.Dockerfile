FROM rust:1-bookworm AS build
WORKDIR /app
RUN apt-get update && apt-get install -y lld clang
COPY Cargo.toml Cargo.lock ./
RUN mkdir -p src && touch src/main.rs && cargo fetch && rm src/main.rs
COPY . .
RUN cargo build --release

FROM debian:bookworm-slim
WORKDIR /app
COPY --from=build /app/target/release/brazier /app/target/release/brazier
EXPOSE 7000
CMD ["./target/release/brazier"]
