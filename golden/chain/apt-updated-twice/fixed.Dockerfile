FROM debian:bookworm
RUN apt-get update -y && apt-get install -y --no-install-recommends \
    python3 \
    tcpdump \
# The packet filter
    && apt-get install -y --no-install-recommends nftables \
    && rm -rf /var/lib/apt/lists/*
COPY filter.conf /etc/nftables.conf
CMD ["nft", "monitor"]
