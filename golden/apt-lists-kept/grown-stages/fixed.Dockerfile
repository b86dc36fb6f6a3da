FROM ubuntu:22.04 AS base
RUN apt-get update && apt-get install -y python3 && rm -rf /var/lib/apt/lists/*

FROM base AS test
RUN apt-get update && apt-get install -y python3-pytest
COPY . /src
RUN cd /src && python3 -m pytest

FROM base
COPY app /app
ENTRYPOINT ["/usr/bin/python3", "/app"]
