FROM php:8.2-cli AS build
RUN apt-get update && apt-get install -y git libpng-dev unzip && rm -rf /var/lib/apt/lists/*
RUN docker-php-ext-install gd
COPY --from=composer:2 /usr/bin/composer /usr/local/bin/composer
RUN chmod 755 /usr/local/bin/composer
WORKDIR /app
COPY . .
RUN composer install --no-dev -o

FROM php:8.2-cli
LABEL org.opencontainers.image.title="shop"
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libpng16-16 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=composer:2 /usr/bin/composer /usr/local/bin/composer
RUN chmod 755 /usr/local/bin/composer
WORKDIR /app
COPY --from=build /usr/local/lib/php/extensions/ /usr/local/lib/php/extensions/
COPY --from=build /usr/local/etc/php/conf.d/ /usr/local/etc/php/conf.d/
COPY --from=build /app/ /app/
CMD ["php", "artisan", "serve", "--host", "0.0.0.0"]
