FROM debian:bookworm
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# left of && the group would run on behind a failure
RUN { apt-get update; apt-get install -y --no-install-recommends zip; }; \
    rm -rf /var/lib/apt/lists/*
RUN set -x; { apt-get update; apt-get install -y --no-install-recommends jq; }; \
    rm -rf /var/lib/apt/lists/*
CMD ["jq", "--version"]
