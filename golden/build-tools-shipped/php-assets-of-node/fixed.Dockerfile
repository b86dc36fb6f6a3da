FROM php:8.3-cli AS build

RUN apt-get update \
    && apt-get install -y libicu-dev nodejs npm unzip \
    && rm -rf /var/lib/apt/lists/*
RUN docker-php-ext-install intl bcmath

WORKDIR /app
COPY --from=composer:2.7 /usr/bin/composer /usr/local/bin/composer
COPY . .
RUN composer install --no-dev
RUN npm ci && npm run build && rm -rf node_modules

FROM php:8.3-cli
RUN apt-get update \
    && apt-get install -y \
        libicu-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /usr/local/lib/php/extensions/ /usr/local/lib/php/extensions/
COPY --from=build /usr/local/etc/php/conf.d/ /usr/local/etc/php/conf.d/
COPY --from=build /app/ /app/

EXPOSE 8000
CMD ["sh", "docker/start.sh"]
