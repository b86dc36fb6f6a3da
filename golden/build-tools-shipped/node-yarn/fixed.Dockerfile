FROM node:20-bookworm-slim AS builder

ARG REVISION=unknown
ENV REVISION=$REVISION

WORKDIR /home/menu

COPY package.json yarn.lock ./
RUN yarn install --frozen-lockfile

COPY . .
RUN yarn build
RUN yarn install --production --ignore-scripts --prefer-offline

FROM node:20-bookworm-slim
ARG REVISION=unknown
ENV REVISION=$REVISION
RUN groupadd --gid 3000 menu && useradd --uid 3000 --gid menu menu
WORKDIR /home/menu
COPY --from=builder /home/menu/ /home/menu/

EXPOSE 4000
USER menu
CMD ["yarn", "serve"]
