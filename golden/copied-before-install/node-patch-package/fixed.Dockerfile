FROM node:20-slim
ENV NODE_ENV=production
WORKDIR /relay
COPY package.json package-lock.json ./
COPY patches/ patches/
RUN npm ci
COPY ./ ./
CMD ["node", "relay.js"]
