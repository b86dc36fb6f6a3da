FROM node:20-slim
WORKDIR /app
# installed on the device's own hardware beforehand
COPY node_modules ./node_modules
COPY server.js ./
CMD ["node", "server.js"]
