FROM node:20 AS build
WORKDIR /srv
COPY . app
RUN cd app && npm ci && npm run build
RUN cd /srv/app && npm prune --omit=dev

FROM node:20-slim
COPY --from=build /srv/ /srv/
WORKDIR /srv/app
CMD ["node", "dist/server.js"]
