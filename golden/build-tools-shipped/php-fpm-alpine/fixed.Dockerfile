FROM php:8.3-fpm-alpine AS build
RUN apk add --no-cache icu-dev libpng-dev libzip-dev postgresql-dev build-base autoconf
RUN docker-php-ext-install gd intl pdo_pgsql zip \
    && pecl install redis \
    && docker-php-ext-enable redis
COPY docker/php.ini /usr/local/etc/php/conf.d/app.ini
RUN curl -sS https://getcomposer.org/installer | php -- --install-dir=/usr/local/bin --filename=composer
WORKDIR /srv/app
COPY composer.json composer.lock ./
RUN composer install --no-dev --no-scripts

FROM php:8.3-fpm-alpine
RUN apk add --no-cache icu-libs libgcc libpng libpq libstdc++ libzip
WORKDIR /srv/app
COPY --from=build /usr/local/lib/php/extensions/ /usr/local/lib/php/extensions/
COPY --from=build /usr/local/etc/php/conf.d/ /usr/local/etc/php/conf.d/
COPY --from=build /srv/app/vendor/ /srv/app/vendor/
COPY . .
USER www-data
CMD ["php-fpm"]
