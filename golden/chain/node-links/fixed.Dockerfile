FROM node:20 AS build

RUN apt-get update && apt-get install -y vim

WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY . .
RUN npm run build
RUN npm prune --omit=dev

FROM node:20-slim
RUN apt-get update && apt-get install -y --no-install-recommends vim xxd \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /app/ /app/

ENV NODE_ENV=production

USER 1000:1000
EXPOSE 3000
CMD ["npm", "start"]
