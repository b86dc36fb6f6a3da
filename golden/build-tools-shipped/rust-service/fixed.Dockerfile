FROM rust:1-bookworm AS build

WORKDIR /app
COPY . .
RUN cargo build --release

FROM debian:bookworm-slim
WORKDIR /app
COPY --from=build /app/target/release/lantern /app/target/release/lantern

EXPOSE 7000
CMD ["./target/release/lantern"]
