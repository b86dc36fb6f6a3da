FROM ubuntu:22.04
ENV NODE_VERSION=20.11.0
RUN apt-get update && apt-get install -y wget \
    # the key, then the archive
    && wget --progress=dot:giga -O - https://example.org/key.asc | gpg --import \
    && wget --progress=dot:giga \
        --no-check-certificate \
        "https://nodejs.org/dist/v$NODE_VERSION/node-v$NODE_VERSION-linux-x64.tar.gz" \
    && sudo /usr/bin/wget --progress=dot:giga -nc -P /opt https://example.org/a.zip > /dev/null
RUN for file in a b c; do wget --progress=dot:giga https://example.org/$file || exit 1; done
FROM rockylinux:9
RUN dnf install -y wget && wget --progress=dot:giga -i urls.txt
