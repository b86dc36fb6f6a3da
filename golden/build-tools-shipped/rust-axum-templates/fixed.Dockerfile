# The tool library of the neighbourhood
FROM rust:1.75 AS build
WORKDIR /usr/src/toolshed
COPY . .
RUN apt-get update && apt-get install -y --no-install-recommends libpq-dev && rm -rf /var/lib/apt/lists/*
RUN cargo install --locked --path .

FROM debian:bookworm-slim
WORKDIR /usr/src/toolshed
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        ca-certificates \
        libpq5 \
        libssl3 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /usr/local/cargo/bin/toolshed /usr/local/bin/toolshed
COPY --from=build /usr/src/toolshed/assets/ /usr/src/toolshed/assets/
COPY --from=build /usr/src/toolshed/templates/index.html /usr/src/toolshed/templates/index.html
ENV RUST_LOG=info
EXPOSE 8080
CMD ["toolshed"]
