FROM php:8.3-fpm-alpine AS build
RUN apk update && apk add libpng-dev libzip-dev icu-dev
RUN docker-php-ext-install gd zip intl opcache
RUN curl -sS https://getcomposer.org/installer | php -- --install-dir=/usr/local/bin --filename=composer
WORKDIR /srv/api
COPY composer.json composer.lock /srv/api/
RUN composer install --no-dev --optimize-autoloader --no-scripts --no-autoloader
COPY . /srv/api
RUN composer install --no-dev --optimize-autoloader

FROM php:8.3-fpm-alpine
RUN apk add --no-cache icu-libs libpng libzip
WORKDIR /srv/api
COPY --from=build /usr/local/lib/php/extensions/ /usr/local/lib/php/extensions/
COPY --from=build /usr/local/etc/php/conf.d/ /usr/local/etc/php/conf.d/
COPY --from=build /srv/api/ /srv/api/
CMD ["php-fpm"]
