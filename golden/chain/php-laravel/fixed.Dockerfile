FROM php:8.2-apache AS build

RUN apt-get update \
    && apt-get install -y git unzip libpng-dev libonig-dev libfreetype6-dev libjpeg62-turbo-dev
RUN docker-php-ext-configure gd --with-freetype --with-jpeg
RUN docker-php-ext-install pdo_mysql mbstring gd

RUN a2enmod rewrite

COPY --from=composer:2 /usr/bin/composer /usr/bin/composer

WORKDIR /var/www/html
COPY composer.json composer.lock ./
RUN composer install --no-dev --optimize-autoloader --no-scripts --no-autoloader
COPY . .
RUN composer install --no-dev --optimize-autoloader

FROM php:8.2-apache
LABEL maintainer="shop@example.com"
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libfreetype6 \
        libjpeg62-turbo \
        libonig5 \
        libpng16-16 \
    && rm -rf /var/lib/apt/lists/*
RUN a2enmod rewrite
RUN sed -i 's!/var/www/html!/var/www/html/public!g' /etc/apache2/sites-available/000-default.conf
WORKDIR /var/www/html
COPY --from=build /usr/local/lib/php/extensions/ /usr/local/lib/php/extensions/
COPY --from=build /usr/local/etc/php/conf.d/ /usr/local/etc/php/conf.d/
COPY --from=build /var/www/html/ /var/www/html/
RUN chown -R www-data:www-data storage bootstrap/cache

ENV APP_ENV=production
EXPOSE 80
