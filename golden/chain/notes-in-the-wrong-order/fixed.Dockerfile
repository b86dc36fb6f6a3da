# The notes of the support team
FROM node:20-slim AS build

WORKDIR /srv/notes
# previews of attached documents
RUN apt-get update && apt-get install -y --no-install-recommends poppler-utils

COPY package.json package-lock.json ./

RUN npm ci

COPY . .
ARG GIT_SHA
RUN npm run build
RUN npm prune --omit=dev

FROM node:20-slim
WORKDIR /srv/notes
RUN apt-get update && apt-get install -y --no-install-recommends poppler-utils \
    && rm -rf /var/lib/apt/lists/*
ARG GIT_SHA
LABEL org.opencontainers.image.revision=$GIT_SHA
COPY --from=build /srv/notes/ /srv/notes/

ENV NODE_ENV=production

EXPOSE 8080
USER node
CMD ["node", "dist/server.js"]
