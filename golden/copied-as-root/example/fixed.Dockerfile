FROM node:22-slim
WORKDIR /home/node/app
USER node
COPY --chown=node:node bin/migrate bin/
RUN chmod +x bin/migrate
