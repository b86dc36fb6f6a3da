FROM node:20-alpine
WORKDIR /site
COPY . .
USER 1000:1000
EXPOSE 80
CMD ["node", "index.js"]
