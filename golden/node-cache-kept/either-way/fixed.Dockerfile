FROM node:20-alpine
ARG MODE=production
WORKDIR /app
COPY package.json package-lock.json ./
RUN if [ "$MODE" = "production" ]; then \
      npm ci --omit=dev; \
    else \
      npm install; \
    fi \
    && npm cache clean --force
COPY . .
CMD ["node", "."]
