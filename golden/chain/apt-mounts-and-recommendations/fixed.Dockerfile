# syntax=docker/dockerfile:1
FROM debian:bookworm
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \
    rm -f /etc/apt/apt.conf.d/docker-clean && apt-get update && apt-get install -y --no-install-recommends ca-certificates curl
COPY build.sh .
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \
    rm -f /etc/apt/apt.conf.d/docker-clean && apt-get update; if [ -n "$EXTRA" ]; then apt-get install -y --no-install-recommends git netbase openssh-client patch; fi
RUN groupadd --gid 10001 app && useradd -l --uid 10001 --gid app --create-home app
USER 10001:10001
CMD ["curl", "--version"]
