FROM node:20 AS build

WORKDIR /srv/rota

COPY package*.json ./
RUN npm ci --omit=dev

FROM node:20-slim
WORKDIR /srv/rota
COPY --from=build /srv/rota/node_modules/ /srv/rota/node_modules/

COPY . .

EXPOSE 8080
CMD ["node", "server.js"]
