FROM alpine:3.19
RUN apk add --no-cache ruby ruby-etc \
    && apk add --no-cache --virtual .build build-base ruby-dev \
    && gem install --no-document --force fluentd:1.16.3 \
    && gem update --no-document --system \
    && apk del .build
CMD ["fluentd"]
