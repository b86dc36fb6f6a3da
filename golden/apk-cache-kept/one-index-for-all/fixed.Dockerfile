FROM node:20-alpine3.19
WORKDIR /app

RUN apk add --no-cache git
COPY package*.json ./
RUN npm ci
RUN apk add --no-cache --virtual .build python3 make g++ \
 && npm rebuild \
 && apk del .build
CMD ["node", "."]
