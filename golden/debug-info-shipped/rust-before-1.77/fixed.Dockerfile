FROM rust:1.70 AS build
WORKDIR /usr/src/kiln
COPY . .
RUN CARGO_PROFILE_RELEASE_STRIP=debuginfo cargo install --locked --path .

FROM debian:bookworm-slim
COPY --from=build /usr/local/cargo/bin/kiln /usr/local/bin/kiln
CMD ["kiln"]
