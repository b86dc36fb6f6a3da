FROM node:20-slim
WORKDIR /srv/ledger
COPY --chown=node:node package.json yarn.lock .npmrc ./
RUN yarn install --frozen-lockfile
COPY --chown=node:node . .
USER node
CMD ["node", "src/main.js"]
