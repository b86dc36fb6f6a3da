FROM node:20 AS build
WORKDIR /site
COPY package*.json ./
RUN npm ci --no-audit \
    --no-fund
COPY . .
RUN npm run build

FROM nginx:1.27-alpine
COPY --from=build /site/dist /usr/share/nginx/html
