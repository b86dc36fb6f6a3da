FROM node:20-slim
WORKDIR /srv/shelf
ENV NODE_ENV=production
COPY package.json package-lock.json ./
RUN npm ci --omit=dev && npm cache clean --force

# The page templates change most.
COPY views ./views
COPY server.js ./

EXPOSE 8080
CMD ["node", "server.js"]
