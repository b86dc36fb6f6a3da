FROM node:20
USER root
RUN npm install -g typescript@5.4 && npm cache clean --force
WORKDIR /home/node/app
COPY --chown=node:node package.json package-lock.json ./

# the cache of this user is taken care of already
USER node
RUN npm ci --omit=dev && rm -rf /home/node/.npm
COPY --chown=node:node . .
CMD ["node", "server.js"]
