FROM node:20 AS site
WORKDIR /site
COPY package.json package-lock.json ./
RUN npm ci
COPY . .
RUN mkdir -p dist && npm run build

FROM nginx:1.27
COPY --from=site /site/dist /usr/share/nginx/html
