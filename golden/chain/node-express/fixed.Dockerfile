FROM node:20-slim
LABEL maintainer="Web team <web@example.org>"
ENV NODE_ENV=production
ENV PORT=3000

# tini reaps the image converters' zombies
RUN apt-get update && \
    apt-get install -y --no-install-recommends tini && \
    rm -rf /var/lib/apt/lists/*

RUN npm install -g nodemon@3.1.4 && npm cache clean --force

# Create app directory
WORKDIR /usr/src/app

# Install app dependencies
COPY package.json package-lock.json ./
RUN npm ci && npm cache clean --force

# Bundle app source
COPY . .
RUN chown -R node:node /usr/src/app
USER node

EXPOSE 3000/tcp
ENTRYPOINT ["tini", "--"]
CMD [ "node", "server.js" ]
