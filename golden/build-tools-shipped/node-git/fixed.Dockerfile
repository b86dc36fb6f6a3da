FROM node:20.14 AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci

FROM node:20.14-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        ca-certificates \
        git \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json ./
COPY --from=build /app/node_modules/ /app/node_modules/
COPY mirror.js ./
ENTRYPOINT ["node", "/app/mirror.js"]
CMD []
