FROM alpine:3.20
RUN wget -q https://example.org/tool.tar.gz && tar xzf tool.tar.gz && rm tool.tar.gz
RUN apk add --no-cache wget ca-certificates \
    && wget --progress=dot:giga --https-only https://example.org/tool.tar.gz
RUN apk add --no-cache --virtual .fetch wget \
    && apk del .fetch \
    && wget -q -c https://example.org/data.bin
FROM busybox:1.36
RUN if ! wget -q -O /bin/tini https://example.org/tini; then echo >&2 'no tini'; exit 1; fi
