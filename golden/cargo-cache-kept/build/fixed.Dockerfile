FROM rust:1.79 AS app
WORKDIR /app
COPY Cargo.toml Cargo.lock ./
COPY src ./src
RUN cargo build --release && \
    rm -rf /usr/local/cargo/registry /usr/local/cargo/git && \
    strip target/release/app
ENTRYPOINT ["./target/release/app"]
