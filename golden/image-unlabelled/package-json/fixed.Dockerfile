FROM node:22-alpine AS build
WORKDIR /src
COPY . .
RUN npm run build

FROM node:22-alpine
COPY --from=build /src/dist /srv/notes
EXPOSE 3000

LABEL org.opencontainers.image.title="@acme/notes" \
      org.opencontainers.image.description='Notes that "sync" for $0' \
      org.opencontainers.image.url="https://notes.acme.example" \
      org.opencontainers.image.source="https://github.com/acme/notes" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.authors="Acme <hello@acme.example>"

# The port is fixed.
CMD ["node", "/srv/notes/main.js"]
