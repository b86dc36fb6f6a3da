FROM node:20 AS build
WORKDIR /app
COPY package*.json ./
RUN npm ci
COPY . .
WORKDIR /app/web
RUN npm run build
# back to the root of the sources
WORKDIR /app
RUN npm prune --omit=dev

FROM golang:1.22 AS tool
WORKDIR /go/src/tool
RUN go build -o /out/tool .

FROM build
WORKDIR /app/server
CMD ["node", "index.js"]
