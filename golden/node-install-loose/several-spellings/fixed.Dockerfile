FROM node:lts-slim
WORKDIR /srv
COPY . .
RUN npm install \
      --omit=dev \
      --no-audit \
 && npm run assets \
 && npm prune --omit=dev

RUN cd worker && npm i --omit=dev
CMD ["npm", "start"]
