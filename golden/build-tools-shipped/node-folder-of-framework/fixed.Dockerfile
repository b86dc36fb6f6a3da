FROM node:20 AS build

WORKDIR /srv/ledger

COPY package*.json ./
RUN npm ci --omit=dev

FROM node:20-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        ca-certificates \
        git \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /srv/ledger
COPY --from=build /srv/ledger/node_modules/ /srv/ledger/node_modules/

COPY . .

EXPOSE 8080
CMD ["node", "server.js"]
