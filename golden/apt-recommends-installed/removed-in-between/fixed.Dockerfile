FROM debian:bookworm
RUN tools="wget"; apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates $tools \
    && wget -q https://example.org/key.asc \
    && apt-get purge -y ca-certificates \
    && rm -rf /var/lib/apt/lists/*
# ca-certificates is gone again
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates curl && rm -rf /var/lib/apt/lists/*
CMD ["curl", "https://example.org"]
