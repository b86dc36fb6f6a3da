FROM node:22 AS build
WORKDIR /srv/weather
COPY package*.json .
RUN npm ci

FROM gcr.io/distroless/nodejs22-debian12
ENV NODE_ENV=production
LABEL org.opencontainers.image.title="weather"
WORKDIR /srv/weather
COPY --chown=1000:1000 . .
COPY --from=build /srv/weather/node_modules/ node_modules/
USER 1000:1000
EXPOSE 3000
# what npm would do besides is not needed
CMD ["--enable-source-maps", "server.js"]
