FROM node:20-bookworm AS build

WORKDIR /usr/src/app
ENV NODE_ENV=production
# The headers that the image has: nothing is downloaded to compile
ENV npm_config_nodedir=/usr/local

# better-sqlite3 is compiled where no finished build fits
COPY package*.json ./
RUN npm ci && npm cache clean --force

FROM node:20-bookworm-slim
LABEL org.opencontainers.image.title="guestbook"
WORKDIR /usr/src/app
ENV NODE_ENV=production
ENV npm_config_nodedir=/usr/local
COPY --from=build /usr/src/app/node_modules/ /usr/src/app/node_modules/

COPY . .

EXPOSE 8080
USER node
CMD ["node", "server.js"]
