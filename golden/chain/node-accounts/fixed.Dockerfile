FROM node:20 AS build

# Create app directory
WORKDIR /usr/src/app
ENV npm_config_nodedir=/usr/local

COPY package*.json ./
RUN npm ci

FROM node:20-slim
WORKDIR /usr/src/app
ENV npm_config_nodedir=/usr/local
ENV NODE_ENV=production
COPY --from=build /usr/src/app/node_modules/ /usr/src/app/node_modules/

# Bundle app source
COPY . .

USER 1000:1000
EXPOSE 5000
CMD [ "node", "index.js" ]
