FROM node:20-slim
# Who, and which
LABEL maintainer="Ann Ode <ann@acme.example>" \
      # the name of the shop
      "name"="Corner"
LABEL flavour=plain
LABEL \
    team=web
LABEL version="1.1" build=2
LABEL stage two
ARG REVISION
LABEL org.opencontainers.image.revision=$REVISION
LABEL $REVISION=yes title=Shop
CMD ["node", "server.js"]
