FROM node:20.11 AS install
WORKDIR /tool
COPY package.json package-lock.json ./
RUN npm ci --omit=dev

FROM gcr.io/distroless/nodejs20-debian12 AS tool
COPY --from=install /tool/node_modules /tool/node_modules
COPY package.json package-lock.json print.mjs /tool/
WORKDIR /work
ENTRYPOINT ["/nodejs/bin/node", "--no-warnings", "/tool/print.mjs"]
CMD ["--help"]
