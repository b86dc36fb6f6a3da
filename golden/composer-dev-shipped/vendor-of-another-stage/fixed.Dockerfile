FROM composer:2 AS vendor
WORKDIR /app
COPY composer.json composer.lock ./
RUN composer install --no-dev --optimize-autoloader --ignore-platform-reqs --prefer-dist

FROM php:8.3-fpm-alpine
WORKDIR /var/www
COPY --from=vendor /app/vendor/ vendor/
COPY . .
CMD ["php-fpm"]
