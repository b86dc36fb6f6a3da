FROM node:20 AS build
COPY . /app
RUN find /app -name "*.sh" -exec chmod +x {} +
WORKDIR /app
RUN npm ci && npm run build
RUN npm prune --omit=dev

FROM node:20-slim
WORKDIR /app
COPY --from=build /app/ /app/
CMD ["./start.sh"]
