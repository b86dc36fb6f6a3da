FROM php:8.2-fpm AS build
RUN apt-get update && apt-get install -y git libonig-dev libpq-dev unzip && rm -rf /var/lib/apt/lists/*
RUN docker-php-ext-install mbstring pdo_pgsql

FROM php:8.2-fpm
RUN apt-get update \
    && apt-get install -y \
        git \
        libonig5 \
        libpq5 \
        unzip \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /var/www/html
COPY --from=build /usr/local/lib/php/extensions/ /usr/local/lib/php/extensions/
COPY --from=build /usr/local/etc/php/conf.d/ /usr/local/etc/php/conf.d/
COPY --from=composer:latest /usr/bin/composer /usr/bin/composer
WORKDIR /var/www
USER www-data
