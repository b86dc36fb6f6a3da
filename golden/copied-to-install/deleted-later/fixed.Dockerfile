# syntax=docker/dockerfile:1.7
FROM debian:12 AS packages
RUN ./build-packages

FROM debian:12-slim
RUN --mount=type=bind,from=packages,source=/out,target=/debs \
    apt-get update \
    && apt-get install -y --no-install-recommends /debs/*.deb \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system agent \
    && rm -r /root/.gnupg

USER agent
ENTRYPOINT ["agent"]
