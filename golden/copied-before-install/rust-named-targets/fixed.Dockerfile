FROM rust:1.80
WORKDIR /usr/src/mailer
COPY Cargo.toml Cargo.lock ./
COPY .cargo/config.toml .cargo/
RUN mkdir -p src/bin benches && touch src/bin/mailerd.rs benches/render.rs && cargo fetch && rm src/bin/mailerd.rs benches/render.rs
COPY . .
RUN cargo build --release --bin mailerd
CMD ["./target/release/mailerd"]
