FROM node:20-bookworm-slim
WORKDIR /srv
COPY package.json package-lock.json ./
RUN apt-get update && \
    apt-get install -y --no-install-recommends \
      g++ \
      make && \
    npm ci --omit=dev && \
    apt-mark manual libgomp1 && apt-get purge -y --auto-remove g++ make
COPY . .
USER node
CMD ["node", "index.js"]
