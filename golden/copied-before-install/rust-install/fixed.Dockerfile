FROM rust:1.80
WORKDIR /usr/src/lines
COPY Cargo.toml ./
RUN mkdir -p src && touch src/lib.rs && cargo fetch && rm src/lib.rs
COPY . .

RUN cargo install --path .

CMD ["lines"]
