FROM node:20-slim
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm install
COPY . .
RUN npm run build
RUN rm -rf node_modules && npm ci --omit=dev
CMD ["node", "dist/index.js"]
