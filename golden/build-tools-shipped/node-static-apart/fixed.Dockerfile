FROM node:20 AS build

WORKDIR /srv/shop

COPY package.json package-lock.json ./

RUN npm ci

COPY . .

RUN npm run build

FROM nginx:stable
RUN printf '%s\n' \
    'server {' \
    '    listen 4000;' \
    '    root /usr/share/nginx/html;' \
    '    charset utf-8;' \
    '    location / { try_files $uri $uri.html $uri/ /index.html; }' \
    '}' \
    > /etc/nginx/conf.d/default.conf
COPY --from=build /srv/shop/dist/ /usr/share/nginx/html/

EXPOSE 4000
