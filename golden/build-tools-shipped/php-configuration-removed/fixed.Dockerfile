FROM php:8.2-apache AS build
COPY --from=composer:2 /usr/bin/composer /usr/bin/composer
RUN apt-get update && apt-get install -y libzip-dev gcc && docker-php-ext-install zip
WORKDIR /var/www/html
COPY . .
RUN composer install --no-dev

FROM php:8.2-apache
RUN apt-get update \
    && apt-get install -y \
        libzip-dev \
    && rm -rf /var/lib/apt/lists/*
RUN rm /etc/apache2/sites-enabled/000-default.conf
WORKDIR /var/www/html
COPY --from=build /usr/local/lib/php/extensions/ /usr/local/lib/php/extensions/
COPY --from=build /usr/local/etc/php/conf.d/ /usr/local/etc/php/conf.d/
COPY --from=build /var/www/html/ /var/www/html/
