from node:20 as build
workdir /srv
run apt-get update && apt-get install -y --no-install-recommends libcairo2-dev libpango1.0-dev tini && rm -rf /var/lib/apt/lists/*
copy package.json package-lock.json ./
run npm ci --omit=dev --build-from-source

from node:20-slim
workdir /srv
run apt-get update \
    && apt-get install -y --no-install-recommends \
        gir1.2-pango-1.0 \
        libcairo-gobject2 \
        libcairo-script-interpreter2 \
        libcairo2 \
        libgif7 \
        libjpeg62-turbo \
        libpango-1.0-0 \
        libpangocairo-1.0-0 \
        librsvg2-2 \
        tini \
    && rm -rf /var/lib/apt/lists/*
copy package.json package-lock.json ./
copy --from=build /srv/node_modules/ /srv/node_modules/
copy index.js ./
expose 4000
entrypoint ["tini", "--"]
cmd ["node", "index.js"]
