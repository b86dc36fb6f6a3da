FROM rust:1.80-slim AS build
WORKDIR /work
COPY Cargo.toml Cargo.lock rust-toolchain.toml ./
COPY crates/api/Cargo.toml crates/api/
COPY crates/model/Cargo.toml crates/model/
RUN mkdir -p crates/api/src crates/model/src && touch crates/api/src/main.rs crates/model/src/lib.rs && cargo fetch && rm crates/api/src/main.rs crates/model/src/lib.rs
COPY . .
RUN cargo test --workspace
RUN cargo build --release -p api --target x86_64-unknown-linux-gnu

FROM debian:bookworm-slim
COPY --from=build /work/target/x86_64-unknown-linux-gnu/release/api /usr/local/bin/api
CMD ["api"]
