FROM node:22-alpine AS build
WORKDIR /src
COPY package.json yarn.lock tsconfig.json ./
RUN yarn install --frozen-lockfile
COPY api ./api
RUN yarn build && yarn install --production --ignore-scripts

FROM node:22-alpine
ENV NODE_ENV=production
WORKDIR /srv
COPY --from=build /src/package.json ./
COPY --from=build /src/node_modules ./node_modules
COPY --from=build /src/dist ./dist
EXPOSE 3000
CMD ["yarn", "start"]
