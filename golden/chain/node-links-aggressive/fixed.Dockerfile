FROM node:20 AS build

WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY . .
RUN npm run build
RUN npm prune --omit=dev

FROM gcr.io/distroless/nodejs20-debian12
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/ /app/

USER 65532:65532
EXPOSE 3000
CMD ["dist/server.js"]
