# syntax=docker/dockerfile:1.7
ARG PHP=8.3
FROM composer:2 AS vendor
WORKDIR /app
COPY composer.json composer.lock ./
RUN --mount=type=secret,id=composer_auth,required=true \
    export COMPOSER_AUTH="$(cat /run/secrets/composer_auth)" \
 && composer install --no-dev --no-scripts --no-interaction \
 && composer dump-autoload --optimize

FROM php:${PHP}-fpm-alpine
COPY --from=vendor /app/vendor /app/vendor
