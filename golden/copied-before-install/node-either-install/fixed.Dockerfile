FROM node:20

WORKDIR /app
COPY package.json package-lock.json ./
ARG NODE_ENV=production
RUN if [ "$NODE_ENV" = "development" ]; then npm install; else npm ci --omit=dev; fi
COPY . .
CMD ["npm", "start"]
