FROM node:18-alpine AS deps
WORKDIR /srv
COPY package.json package-lock.json ./
# no test tools in the image
RUN npm ci --omit=dev --ignore-scripts

FROM node:18-alpine
WORKDIR /srv
COPY --from=deps /srv/node_modules ./node_modules
COPY . .
CMD ["node", "server.js"]
