FROM node:20-slim AS build
WORKDIR /usr/src/app
ENV NEXT_TELEMETRY_DISABLED=1
COPY package*.json ./
RUN npm ci --legacy-peer-deps
COPY . .
RUN npm run build && npm cache clean --force
RUN npm prune --omit=dev --legacy-peer-deps

FROM node:20-slim
WORKDIR /usr/src/app
ENV NEXT_TELEMETRY_DISABLED=1
COPY --from=build /usr/src/app/ /usr/src/app/
EXPOSE 3000
CMD npm start
