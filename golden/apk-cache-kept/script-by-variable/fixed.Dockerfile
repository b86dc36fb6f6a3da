FROM alpine:3.20
ENV HOME=/srv/app
COPY . /srv/app
# the script may install more
RUN apk add --no-cache nodejs npm \
    && "${HOME}/docker/harden.sh" \
    && rm -rf /tmp/* /var/cache/apk/*
CMD ["node", "/srv/app/server.js"]
