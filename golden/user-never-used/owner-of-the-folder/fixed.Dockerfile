FROM node:22-slim
RUN groupadd --gid 10001 api && useradd --uid 10001 --gid api --no-create-home api
WORKDIR /srv/api
COPY package*.json ./
RUN npm ci --omit=dev
COPY . .
RUN chown -R api:api /srv/api
USER 10001
EXPOSE 3000

# npm passes signals on.
CMD ["npm", "start"]
