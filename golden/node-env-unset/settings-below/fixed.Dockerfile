from node:20
workdir /app
copy . .
run npm install && npm run build

env PORT=4000 \
    LOG_LEVEL=info
env NODE_ENV=production
expose 4000
cmd ["npm", "start"]
