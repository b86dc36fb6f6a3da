FROM php:8.3-fpm-alpine
COPY --from=composer:2 /usr/bin/composer /usr/bin/composer
COPY composer.json composer.lock /srv/app/
COPY packages/ /srv/app/packages/
WORKDIR /srv/app
RUN composer install --no-dev -n
COPY . /srv/app
RUN php -r "echo PHP_VERSION;" > version.txt
