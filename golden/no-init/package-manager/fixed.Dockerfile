FROM node:20-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY . .
RUN npm ci
USER node
EXPOSE 3000

# The port is the proxy's.
ENTRYPOINT ["tini", "-g", "--", "docker-entrypoint.sh"]
CMD ["npm", "start"]
