# syntax=docker/dockerfile:1
FROM debian:bookworm
# the archives are mounted, the lists are not
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \
    apt-get update && apt-get install -y --no-install-recommends curl \
    && rm -rf /var/lib/apt/lists/*
CMD ["curl", "--version"]
