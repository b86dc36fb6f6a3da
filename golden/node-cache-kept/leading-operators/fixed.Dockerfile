FROM debian:12-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates nodejs npm \
 && npm install -g pm2@5 \
 && npm cache clean --force \
 && mkdir -p /var/www \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /var/www
CMD ["pm2-runtime", "ecosystem.config.js"]
