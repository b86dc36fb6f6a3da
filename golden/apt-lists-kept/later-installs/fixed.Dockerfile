FROM php:8.2-apache

# what the extensions need
RUN apt-get update -qq -o Acquire::Retries=3 && apt-get install -y \
	libicu-dev \
	libzip-dev \
	&& rm -rf /var/lib/apt/lists/*
RUN docker-php-ext-install intl zip

# mail
RUN echo "postfix postfix/mailname string example.com" | debconf-set-selections && \
    apt-get update -qq -o Acquire::Retries=3 && \
    apt-get install -y postfix && \
    rm -f /etc/postfix/main.cf && \
    rm -rf /var/lib/apt/lists/*
COPY . /var/www/html

RUN apt-get update -qq -o Acquire::Retries=3 && if [ -n "$DEBUG" ]; then apt-get install -y php8.2-xdebug; fi && rm -rf /var/lib/apt/lists/*
RUN apt-get update -qq -o Acquire::Retries=3 && DEBIAN_FRONTEND=noninteractive apt-get install -y tzdata \
	&& rm -rf /var/lib/apt/lists/* /tmp/*
RUN a2enmod rewrite
