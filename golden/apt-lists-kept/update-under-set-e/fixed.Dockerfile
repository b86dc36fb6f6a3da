FROM debian:bookworm
RUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*
# a failing update must end these steps, as a failing install does
RUN set -eux; \
    apt-get update; \
    apt-get install -y --no-install-recommends jq; \
    jq --version \
    && rm -rf /var/lib/apt/lists/*
RUN set -e; apt-get update; apt-get install -y --no-install-recommends zip; zip -v && rm -rf /var/lib/apt/lists/*
RUN set -e; \
    mkdir -p /srv/tools \
    && apt-get update \
    && apt-get install -y --no-install-recommends xz-utils \
    && xz --version; \
    touch /srv/tools/ready \
    && rm -rf /var/lib/apt/lists/*
CMD ["curl", "--version"]
