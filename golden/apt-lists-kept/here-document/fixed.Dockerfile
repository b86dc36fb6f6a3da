# syntax=docker/dockerfile:1
FROM debian:12
RUN <<END
set -e
apt-get update
apt-get install -y git && rm -rf /var/lib/apt/lists/*
END
COPY . /src
CMD ["git", "-C", "/src", "log"]
