FROM node:20-slim
WORKDIR /usr/src/app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev
COPY src ./src

ENV NODE_ENV=production

# The port of the ingress.
EXPOSE 8080
USER node
CMD ["node", "src/server.js"]
