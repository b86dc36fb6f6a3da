FROM node:20 AS build
RUN mkdir -p /app && chown node:node /app
WORKDIR /app
USER node
COPY --chown=node:node . .
RUN npm ci && npm run build
RUN npm prune --omit=dev

FROM node:20-slim
RUN mkdir -p /app && chown node:node /app
WORKDIR /app
USER node
COPY --from=build /app/ /app/
CMD ["node", "dist/server.js"]
