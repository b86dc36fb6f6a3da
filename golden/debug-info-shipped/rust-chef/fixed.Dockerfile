FROM rust:1.82-bookworm AS chef
RUN cargo install cargo-chef --locked
WORKDIR /app

FROM chef AS planner
COPY . .
RUN cargo chef prepare --recipe-path recipe.json

FROM chef AS builder
COPY --from=planner /app/recipe.json recipe.json
RUN CARGO_PROFILE_RELEASE_STRIP=symbols cargo chef cook --release --recipe-path recipe.json
COPY . .
RUN CARGO_PROFILE_RELEASE_STRIP=symbols cargo build --release --bin shop

FROM debian:bookworm-slim
COPY --from=builder /app/target/release/shop /usr/local/bin/
CMD ["shop"]
