FROM node:20 AS build
RUN apt-get update && \
    apt-get install -y --no-install-recommends ffmpeg gosu build-essential && \
    rm -rf /var/lib/apt/lists/*
WORKDIR /worker
COPY package.json package-lock.json ./
RUN npm ci --omit=dev

FROM node:20-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        ffmpeg \
        gosu \
    && rm -rf /var/lib/apt/lists/*
RUN mkdir -p /thumbnails && chown node:node /thumbnails
WORKDIR /worker
COPY package.json package-lock.json ./
COPY --from=build /worker/node_modules/ /worker/node_modules/
VOLUME /thumbnails
COPY worker.js ./
ENTRYPOINT ["gosu", "node", "node", "worker.js"]
CMD ["/in.mp4"]
