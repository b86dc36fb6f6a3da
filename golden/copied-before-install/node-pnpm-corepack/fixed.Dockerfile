FROM node:22-slim AS build
RUN corepack enable
WORKDIR /app
COPY package.json pnpm-lock.yaml ./
COPY patches/ patches/
RUN pnpm install --frozen-lockfile
COPY . ./
RUN pnpm run build

FROM node:22-slim
WORKDIR /app
COPY --from=build /app ./
CMD ["node", "dist/server.mjs"]
