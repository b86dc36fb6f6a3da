FROM rust:1.82 AS build
WORKDIR /src
COPY . .
RUN cargo build --release

FROM debian:12-slim
CMD ["ferry"]
COPY --from=build /src/target/release/ferry /usr/local/bin/
LABEL org.opencontainers.image.title="ferry" \
      org.opencontainers.image.description="Carries messages"