FROM node:20-alpine
WORKDIR /clock
COPY package.json yarn.lock ./
RUN yarn --frozen-lockfile
COPY clock.js .
CMD ["node", "clock.js"]

FROM node:20-alpine
WORKDIR /clock
COPY . .
RUN yarn install --frozen-lockfile --production && yarn cache clean
CMD ["node", "clock.js"]
