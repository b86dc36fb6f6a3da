FROM rust:1.79 AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked

FROM debian:12-slim
COPY --from=build /src/target/release/router /usr/local/bin/router
CMD ["router"]
