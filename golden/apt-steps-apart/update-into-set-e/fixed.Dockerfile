FROM debian:bookworm
WORKDIR /srv
RUN set -eux; \
    apt-get update; \
    apt-get install -y --no-install-recommends jq; \
    jq --version
CMD ["jq", "--version"]
