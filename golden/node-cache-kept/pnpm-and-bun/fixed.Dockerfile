FROM node:20-bookworm AS tools
RUN npm install -g bun@1.1 pnpm@9 \
    && npm cache clean --force
WORKDIR /tools
COPY tools/package.json tools/bun.lockb ./
RUN bun install --production && rm -rf /root/.bun/install/cache

FROM tools
WORKDIR /app
COPY package.json pnpm-lock.yaml ./
RUN pnpm install --frozen-lockfile --prod && pnpm store prune
COPY . .
CMD ["pnpm", "start"]
