ARG NGINX=1.27
FROM --platform=$BUILDPLATFORM docker.io/library/node:20 AS deps
WORKDIR /web
COPY package.json .
RUN npm install

FROM node:20-alpine AS build
COPY --from=deps /web /web

FROM nginx:$NGINX-alpine
COPY --from=build /web/dist /usr/share/nginx/html
