FROM node:22-alpine
WORKDIR /links
COPY package.json package-lock.json ./
RUN npm ci --omit=dev && npm cache clean --force
RUN mkdir -p /var/lib/links
COPY . .
RUN mkdir -p /links/themes && chown -R node:node /links/themes /var/lib/links
USER 1000:1000
EXPOSE 3000
CMD ["node", "server.js"]
