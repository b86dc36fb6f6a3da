FROM alpine:3.19

RUN apk add --no-cache nodejs npm git

WORKDIR /opt/wiki
COPY . .

# npm goes away again at the end of the step: the clean-up has to come before
RUN npm install --production && \
    # themes are optional
    npm install -g gulp-cli && \
    npm cache clean --force && \
    gulp themes && \
    apk del npm git

ENTRYPOINT ["node", "index.js"]
