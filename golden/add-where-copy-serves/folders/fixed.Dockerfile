# syntax=docker/dockerfile:1
FROM node:20-bookworm-slim AS build
WORKDIR /src
# everything that .dockerignore lets through
COPY . .
RUN npm ci && npm run build

FROM nginx:1.27
COPY --chown=nginx:nginx docker/html/ /usr/share/nginx/html
COPY --link ./ /srv/source/
COPY certs/. /etc/nginx/certs
COPY .git /srv/source/.git
