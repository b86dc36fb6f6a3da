FROM node:20-alpine
ENV NODE_ENV=production
WORKDIR /relay
COPY package.json package-lock.json ./
COPY patches/ patches/
RUN npm ci
COPY ./ ./
CMD ["node", "relay.js"]
