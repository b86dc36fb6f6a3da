FROM node:20-bookworm
ENV NODE_ENV=production
RUN groupadd --system web && useradd --system --gid web web
WORKDIR /srv/app
# the whole application
COPY --chown=web:web . .
# files must belong to the service user
RUN chown web:web /srv/app
USER web
CMD ["node", "server.js"]
