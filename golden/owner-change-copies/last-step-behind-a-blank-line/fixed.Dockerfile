# syntax=docker/dockerfile:1
FROM php:8.2-apache
EXPOSE 80

COPY --chmod=777 config/php.ini /usr/local/etc/php/
