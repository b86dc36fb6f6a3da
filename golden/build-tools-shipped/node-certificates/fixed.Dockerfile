FROM node:20 AS build
WORKDIR /app
COPY certs/ /usr/local/share/ca-certificates/
RUN update-ca-certificates
COPY . .
RUN npm ci && npm run build
RUN npm prune --omit=dev

FROM node:20-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        ca-certificates \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY certs/ /usr/local/share/ca-certificates/
RUN update-ca-certificates
COPY --from=build /app/ /app/
CMD ["node", "dist/server.js"]
