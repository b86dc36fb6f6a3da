FROM alpine:3.20
RUN apk add --no-cache nginx php83-fpm
COPY site /srv/site
COPY rootfs/ /
ARG VERSION
RUN echo "$VERSION" > /srv/site/version.txt
CMD ["/usr/local/bin/start"]
