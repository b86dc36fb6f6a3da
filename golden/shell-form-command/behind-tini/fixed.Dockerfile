FROM node:20-alpine
RUN apk add --no-cache tini
WORKDIR /opt/board
COPY package.json package-lock.json ./
RUN npm ci --omit=dev
COPY src ./src
ENTRYPOINT ["/sbin/tini", "--"]
CMD ["node", "src/server.js"]
