FROM composer:2 AS vendor
WORKDIR /tmp/
COPY composer.json .
COPY composer.lock .
RUN composer install \
    --ignore-platform-reqs \
    --no-interaction \
    --no-scripts \
    --no-dev \
    --optimize-autoloader \
    --prefer-dist

FROM php:8.3-cli
WORKDIR /var/www
COPY --from=vendor /tmp/vendor/ ./vendor/
COPY src/ ./src/
EXPOSE 8080
CMD ["php", "src/index.php"]
