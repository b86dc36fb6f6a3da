# syntax=docker/dockerfile:1
FROM debian:12-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev make && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Makefile main.c ./
ARG GIT_SHA
ARG BUILD_DATE=unknown
LABEL org.opencontainers.image.revision=$GIT_SHA \
      org.opencontainers.image.created=$BUILD_DATE
RUN make GIT_SHA=$GIT_SHA

FROM debian:12-slim

RUN apt-get update && apt-get install -y --no-install-recommends tini && rm -rf /var/lib/apt/lists/*
COPY --from=build /src/main /usr/local/bin/main

ARG VCS_REF
LABEL org.opencontainers.image.revision=$VCS_REF

ENTRYPOINT ["tini", "--"]
CMD ["main"]
