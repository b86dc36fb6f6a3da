# The notes of the support team
FROM node:20-slim

WORKDIR /srv/notes
# previews of attached documents
RUN apt-get update && apt-get install -y --no-install-recommends poppler-utils \
    && rm -rf /var/lib/apt/lists/*

COPY package.json package-lock.json ./

RUN npm ci && npm cache clean --force

COPY . .
ARG GIT_SHA
LABEL org.opencontainers.image.revision=$GIT_SHA
RUN npm run build

ENV NODE_ENV=production

EXPOSE 8080
USER node
CMD ["node", "dist/server.js"]
