FROM rust:1-bookworm AS build
COPY . /lantern
WORKDIR /lantern
RUN CARGO_PROFILE_RELEASE_STRIP=symbols cargo install --path . --locked

FROM gcr.io/distroless/cc-debian12
LABEL maintainer="Keeper <keeper@example.org>"
WORKDIR /lantern
COPY --from=build /usr/local/cargo/bin/lantern /usr/local/bin/lantern
USER 65532:65532
EXPOSE 7000
CMD ["lantern"]
