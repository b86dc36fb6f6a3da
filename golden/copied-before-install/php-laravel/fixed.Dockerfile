FROM php:8.3-apache
COPY --from=composer:2 /usr/bin/composer /usr/bin/composer
RUN docker-php-ext-install pdo_mysql

WORKDIR /var/www/html
COPY --chown=www-data:www-data composer.json composer.lock ./
RUN composer install --no-interaction --optimize-autoloader --no-scripts --no-autoloader
# application
COPY --chown=www-data:www-data . .
RUN composer install --no-interaction \
    --optimize-autoloader
ENV APACHE_DOCUMENT_ROOT=/var/www/html/public
