FROM debian:bookworm-slim
# the deploy script clones over ssh
RUN apt-get update && apt-get install -y --no-install-recommends git curl ca-certificates netbase openssh-client patch && rm -rf /var/lib/apt/lists/*
COPY deploy.sh /usr/local/bin/deploy
CMD ["deploy"]
