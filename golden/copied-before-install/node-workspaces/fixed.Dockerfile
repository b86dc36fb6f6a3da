FROM node:20-slim
WORKDIR /shop
COPY package.json package-lock.json ./
COPY packages/log/package.json packages/log/
COPY packages/money/package.json packages/money/
COPY apps/api/package.json apps/api/
RUN npm ci
COPY . .
RUN npm run build
CMD ["node", "apps/api/server.js"]
