# Builds the shop, then serves it.
ARG NODE=20
FROM node:${NODE} AS build
WORKDIR /src
COPY package*.json ./
RUN npm ci
# the rest of the sources
COPY . .
RUN npm run build \
    # keep the maps out
    && rm -f dist/*.map

FROM nginx:1.27
COPY --from=build /src/dist /usr/share/nginx/html
EXPOSE 80/tcp 443/tcp \
       443/udp
HEALTHCHECK CMD curl -f http://localhost/ || exit 1
