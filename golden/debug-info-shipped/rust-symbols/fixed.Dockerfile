FROM rust:1.80-slim-bookworm AS build
WORKDIR /app
COPY Cargo.toml Cargo.lock ./
RUN mkdir src && echo 'fn main() {}' > src/main.rs && CARGO_PROFILE_RELEASE_STRIP=symbols cargo build --release && rm -r src
COPY src ./src
RUN touch src/main.rs && CARGO_PROFILE_RELEASE_STRIP=symbols cargo build --release

FROM debian:bookworm-slim
COPY --from=build /app/target/release/ferry /usr/local/bin/
CMD ["ferry"]
