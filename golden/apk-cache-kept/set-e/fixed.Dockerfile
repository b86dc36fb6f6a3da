FROM php:8.2-fpm-alpine3.18

RUN set -eux; \
    apk add --no-cache icu-libs; \
    for extension in intl opcache; do \
        apk add --no-cache --virtual .deps $PHPIZE_DEPS icu-dev; \
        docker-php-ext-install "$extension"; \
        apk del .deps; \
    done
