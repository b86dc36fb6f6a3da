FROM debian:11
RUN set -eux; \
    apt-get update; \
    apt-get install -y --no-install-recommends wget; \
    wget -q https://example.com/tool.deb; \
    dpkg -i tool.deb \
    && rm -rf /var/lib/apt/lists/*
RUN apt-get update && apt-get install -y strace || true && rm -rf /var/lib/apt/lists/*
RUN ( apt-get update && apt-get install -y gdb ) && rm -rf /var/lib/apt/lists/*
RUN if [ "$(dpkg --print-architecture)" = amd64 ]; then apt-get update && apt-get install -y perf-tools-unstable; fi \
    && rm -rf /var/lib/apt/lists/*
CMD ["tool"]
