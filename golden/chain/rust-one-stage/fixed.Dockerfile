FROM rust:1-bookworm AS build
COPY . /lantern
WORKDIR /lantern
RUN CARGO_PROFILE_RELEASE_STRIP=symbols cargo install --path . --locked

FROM debian:bookworm-slim
LABEL maintainer="Keeper <keeper@example.org>"
WORKDIR /lantern
RUN groupadd --gid 10001 app && useradd -l --uid 10001 --gid app --create-home app
COPY --from=build /usr/local/cargo/bin/lantern /usr/local/bin/lantern
USER 10001:10001
EXPOSE 7000
CMD ["lantern"]
