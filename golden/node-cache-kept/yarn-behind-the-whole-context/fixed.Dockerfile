FROM node:18-alpine
WORKDIR /usr/src/app
COPY . .
RUN yarn && yarn cache clean && yarn build
CMD ["node", "dist/main.js"]
