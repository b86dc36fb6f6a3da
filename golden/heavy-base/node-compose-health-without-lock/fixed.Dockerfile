FROM node:20-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends curl \
    && rm -rf /var/lib/apt/lists/*
EXPOSE 3000
WORKDIR /opt/bell
COPY package.json /opt/bell/
RUN npm install
COPY server.js /opt/bell/
CMD ["node", "server.js"]
