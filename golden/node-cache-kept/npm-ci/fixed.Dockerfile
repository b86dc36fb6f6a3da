# API server
FROM node:20-bookworm-slim

WORKDIR /srv/api

# the lock file first, so that this layer survives changes of the sources
COPY package.json package-lock.json ./
RUN npm ci --omit=dev && npm cache clean --force

COPY src ./src
EXPOSE 3000
CMD ["npm", "start"]
