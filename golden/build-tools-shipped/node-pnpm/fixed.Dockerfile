FROM node:20 AS build
RUN npm install -g pnpm@9.15.9
WORKDIR /opt/webhooks
COPY package.json pnpm-lock.yaml ./
RUN pnpm install --frozen-lockfile
COPY tsconfig.json ./
COPY src ./src
RUN pnpm run build
RUN CI=true pnpm prune --prod --ignore-scripts

FROM node:20-slim
WORKDIR /opt/webhooks
COPY --from=build /opt/webhooks/ /opt/webhooks/
EXPOSE 8000
CMD ["node", "dist/index.js"]
