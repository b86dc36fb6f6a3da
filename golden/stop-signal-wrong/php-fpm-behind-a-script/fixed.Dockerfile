FROM ubuntu:24.04
RUN apt-get update && apt-get install -y --no-install-recommends php8.3-fpm && rm -rf /var/lib/apt/lists/*
WORKDIR /var/www
COPY . .
STOPSIGNAL SIGQUIT
CMD ["./start.sh"]
