from node:20-alpine
workdir /opt/seats
copy package.json package-lock.json ./
run npm ci --omit=dev
copy src ./src
env PORT=3000
expose $PORT
user node
healthcheck --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["node", "-e", "fetch('http://127.0.0.1:3000/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
cmd ["node", "src/server.mjs"]
