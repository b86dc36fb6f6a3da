FROM debian:12-slim
ENV GROOVE_VERSION=2.4.1
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates unzip wget \
    && rm -rf /var/lib/apt/lists/*

# The tool itself.
RUN wget -q -O /tmp/groove.tar.gz https://example.org/groove-${GROOVE_VERSION}.tar.gz \
# Its digest stands in the release notes.
    && echo "2f0c97a1c8a54e1a8d2f5f7c2e0f0c93ee1cf2e3  /tmp/groove.tar.gz" | sha1sum -c - \
    && tar -xzf /tmp/groove.tar.gz -C /opt \
    && rm /tmp/groove.tar.gz

RUN wget -q https://example.org/fonts-$GROOVE_VERSION.zip \
    && unzip fonts-${GROOVE_VERSION}.zip -d /usr/share/fonts && rm -f "fonts-${GROOVE_VERSION}.zip"
ENTRYPOINT ["/opt/groove/bin/groove"]
