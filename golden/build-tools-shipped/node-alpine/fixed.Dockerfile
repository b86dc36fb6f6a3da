FROM node:20-alpine AS build

# node-gyp needs these
RUN apk add --no-cache python3 make g++

WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev

FROM node:20-alpine
WORKDIR /app
COPY --from=build /app/node_modules/ /app/node_modules/
COPY . .

VOLUME /app/data
EXPOSE 5000
HEALTHCHECK CMD wget -qO- http://localhost:5000/ || exit 1
CMD ["npm", "start"]
