FROM node:18

RUN apt-get update && \
    apt-get install -y chromium && \
    cd /opt && \
    curl -fsSL https://example.com/driver.tar.gz | tar xz && \
# Clean up
    apt-get clean && rm -rf /var/lib/apt/lists/* /tmp/*

WORKDIR /app
COPY package*.json ./
RUN npm ci
RUN rm -rf /tmp/*
CMD ["node", "server.js"]
