FROM ubuntu:22.04 AS tools
RUN apt-get update && apt-get install -y build-essential curl
RUN curl -fsSLO https://example.org/only-for-the-build.tgz
RUN tar xzf only-for-the-build.tgz && rm only-for-the-build.tgz

FROM ubuntu:22.04
RUN apt-get update && apt-get install -y build-essential curl && rm -rf /var/lib/apt/lists/*
WORKDIR /usr/src
RUN cd /tmp && \
    curl -fsSLO https://example.org/parser-1.8.tar.gz && \
    tar xzf parser-1.8.tar.gz && \
# Build it and tidy up.
    cd /tmp/parser-1.8 && \
    ./configure --prefix=/usr && \
    make install && \
    rm -rf /tmp/*

RUN curl -fsSL -o driver.deb https://example.org/driver.deb \
  && dpkg -i driver.deb \
  && rm -rf ./driver.deb
COPY --from=tools /usr/src/tool /usr/local/bin/
