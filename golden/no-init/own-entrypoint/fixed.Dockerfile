FROM node:22-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci
COPY . .
RUN npm run build

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        ca-certificates \
        nodejs \
        tini \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /srv
COPY --from=build /src/dist ./dist
EXPOSE 8080
ENTRYPOINT [ "tini", "--", "node", "dist/main.js" ]
