FROM ubuntu:22.04
LABEL org.opencontainers.image.title="importer"

ENV DEBIAN_FRONTEND=noninteractive

# system packages
RUN apt-get update && apt-get install -y --no-install-recommends \
    libpq5 \
    tzdata \
 && rm -rf /var/lib/apt/lists/*

COPY bin/importer /usr/local/bin/importer
CMD ["importer"]
