FROM node:20 AS build

WORKDIR /app

COPY package.json package-lock.json ./
RUN npm ci

# The site
COPY . .
RUN npm run build

# A small web server
RUN npm install -g serve@14

FROM nginx:stable
RUN printf '%s\n' \
    'server {' \
    '    listen 3000;' \
    '    root /usr/share/nginx/html;' \
    '    charset utf-8;' \
    '    location / { try_files $uri $uri.html $uri/ /index.html; }' \
    '}' \
    > /etc/nginx/conf.d/default.conf
COPY --from=build /app/dist/ /usr/share/nginx/html/

EXPOSE 3000
