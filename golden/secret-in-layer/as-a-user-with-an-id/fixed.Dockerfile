# syntax=docker/dockerfile:1.5
FROM node:20-alpine
USER 1000
WORKDIR /home/node/app
COPY --chown=1000:1000 package.json yarn.lock ./
RUN --mount=type=secret,id=gh_token,required=true,uid=1000 \
    export GH_TOKEN="$(cat /run/secrets/gh_token)" \
 && echo "//npm.pkg.github.com/:_authToken=${GH_TOKEN}" > .npmrc \
 && yarn install --frozen-lockfile \
 && rm -f .npmrc
CMD ["node", "server.js"]
