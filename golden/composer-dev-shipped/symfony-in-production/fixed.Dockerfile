FROM php:8.3-fpm
WORKDIR /srv/app
ENV APP_ENV=prod
COPY --from=composer:2 /usr/bin/composer /usr/bin/composer
COPY . .
RUN php -d memory_limit=-1 /usr/bin/composer install --no-dev --optimize-autoloader --prefer-dist && \
    bin/console assets:install
CMD ["php-fpm"]
