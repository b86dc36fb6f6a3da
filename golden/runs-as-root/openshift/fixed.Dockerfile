FROM node:20-slim
WORKDIR /usr/src/app
COPY package*.json ./
RUN npm ci --omit=dev
COPY . .
RUN mkdir -p /usr/src/app/uploads \
    && chown -R node:0 /usr/src/app/uploads \
    && chmod -R g=u /usr/src/app/uploads
USER 1000:0
EXPOSE 3000
CMD ["npm", "start"]
