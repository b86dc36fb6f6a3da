FROM node:16

RUN npm install -g @angular/cli && npm cache clean --force && yarn global add serve && yarn cache clean

WORKDIR /web
CMD ["serve", "-s", "."]
