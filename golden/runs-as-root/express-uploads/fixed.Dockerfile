FROM node:20-slim
WORKDIR /usr/src/app
COPY package*.json ./
RUN npm ci --omit=dev
COPY . .
RUN mkdir -p /usr/src/app/uploads && chown -R node:node /usr/src/app/uploads
USER 1000:1000
EXPOSE 3000
CMD ["npm", "start"]
