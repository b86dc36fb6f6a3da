FROM node:20-slim
WORKDIR /usr/app

COPY package.json package-lock.json ./
# what the host built does not run here
RUN rm -rf node_modules
RUN node -v && npm install --save-dev
COPY . .
RUN npm test

CMD ["node", "server.js"]
