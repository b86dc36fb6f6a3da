FROM node:20-bookworm-slim
WORKDIR /clock
RUN apt-get update \
  && apt-get install -y --no-install-recommends build-essential \
  && rm -rf /var/lib/apt/lists/* /usr/share/doc
COPY package.json yarn.lock ./
RUN yarn install --frozen-lockfile
COPY clock.js .
CMD ["node", "clock.js"]
