FROM debian:bookworm
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates curl && \
    curl -fsSL https://example.org/install.sh | bash && \
    apt-get install -y --no-install-recommends wget
RUN apt-get update && apt-get install -y --no-install-recommends git netbase openssh-client patch
CMD ["git", "--version"]
