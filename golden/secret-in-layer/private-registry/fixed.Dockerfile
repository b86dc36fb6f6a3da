# syntax=docker/dockerfile:1
FROM node:22-bookworm-slim AS build
WORKDIR /srv/shop
# The token of the registry of the company.
COPY .npmrc package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm \
    --mount=type=secret,id=npm_token,env=NPM_TOKEN \
    npm ci
COPY . .
RUN --mount=type=secret,id=npm_token,env=NPM_TOKEN \
    npm run build

FROM nginx:1.27-alpine
COPY --from=build /srv/shop/dist /usr/share/nginx/html
