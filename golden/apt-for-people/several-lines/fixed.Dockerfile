FROM python:3.12-slim-bookworm AS build
ENV DEBIAN_FRONTEND=noninteractive

# compilers for the wheels
RUN apt-get update \
    && apt-get -y upgrade --with-new-pkgs \
    && apt-get install -y -t bookworm-backports --no-install-recommends \
        build-essential \
        libpq-dev \
    && apt-get clean

FROM debian:bookworm-slim
RUN apt-get update; \
    if [ -n "$EXTRA" ]; then apt-get install -yqq $EXTRA; fi; \
    sudo /usr/bin/apt-get -o Acquire::Retries=3 purge -y vim; \
    apt-get autoremove -y --purge
COPY tool.deb /tmp/
RUN apt-get update && apt-get install -y ./tmp/tool.deb || (sleep 5 && apt-get install -y --fix-broken)
