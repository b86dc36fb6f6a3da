FROM node:20-alpine
WORKDIR /app
COPY package*.json ./
RUN npm ci && mkdir -p .cache logs && chown node:node .cache && chmod u+rwx,go+rx .cache; chown node:node /app/settings.json && chmod 0644 /app/settings.json
COPY . .
USER node
CMD ["node", "index.js"]
