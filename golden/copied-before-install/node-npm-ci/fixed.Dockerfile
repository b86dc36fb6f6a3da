FROM node:20-slim

WORKDIR /app

COPY package.json package-lock.json ./

RUN npm ci --omit=dev

# the whole service
COPY . .

EXPOSE 3000
CMD ["node", "server.js"]
