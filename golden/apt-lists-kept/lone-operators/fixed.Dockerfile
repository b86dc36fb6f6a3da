FROM debian:bookworm
RUN apt-get update && \
    apt-get install -y --no-install-recommends \
      curl \
      jq \
    && \
    rm -rf /var/cache/apt/* && \
    rm -rf /var/lib/apt/lists/*
CMD ["curl", "--version"]
