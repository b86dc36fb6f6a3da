FROM alpine:3.20
COPY install.sh /tmp/
RUN apk add --no-cache bash \
  && /tmp/install.sh \
  && rm -rf /var/cache/apk/* /tmp/install.sh
