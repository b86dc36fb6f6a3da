FROM node:20-slim
RUN corepack enable
WORKDIR /tally
COPY package.json pnpm-lock.yaml ./
RUN pnpm install --frozen-lockfile --prod
COPY tally.js ./
CMD ["node", "tally.js"]
