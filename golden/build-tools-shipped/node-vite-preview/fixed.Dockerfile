FROM node:20-alpine AS build
WORKDIR /app
COPY package*.json ./
RUN npm ci
COPY . .
ARG VITE_API=/api
RUN npm run build

FROM nginx:stable-alpine
RUN printf '%s\n' \
    'server {' \
    '    listen 8080;' \
    '    root /usr/share/nginx/html;' \
    '    charset utf-8;' \
    '    location / { try_files $uri $uri.html $uri/ /index.html; }' \
    '}' \
    > /etc/nginx/conf.d/default.conf
COPY --from=build /app/dist/ /usr/share/nginx/html/
EXPOSE 8080
