# syntax=docker/dockerfile:1
FROM debian:12
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked --mount=type=cache,target=/var/lib/apt/lists,sharing=locked <<END
    rm -f /etc/apt/apt.conf.d/docker-clean
    set -e
    apt-get update
    apt-get install -y git
END
COPY . /src
CMD ["git", "-C", "/src", "log"]
