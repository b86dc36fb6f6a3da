FROM node:latest AS build
WORKDIR /site
COPY package.json package-lock.json /site/
RUN npm ci --silent
COPY . /site
RUN npm run build
RUN npm install --global http-server

FROM nginx:stable
LABEL maintainer="Status team"
RUN printf '%s\n' \
    'server {' \
    '    listen 80;' \
    '    root /usr/share/nginx/html;' \
    '    charset utf-8;' \
    '    location / { try_files $uri $uri.html $uri/ =404; }' \
    '}' \
    > /etc/nginx/conf.d/default.conf
COPY --from=build /site/dist/ /usr/share/nginx/html/
EXPOSE 80
