FROM debian:bookworm
RUN apt-get update && apt-get install -y --no-install-recommends apache2 && rm -rf /var/lib/apt/lists/*
COPY site/ /var/www/html/
ENV APACHE_RUN_USER=www-data APACHE_RUN_GROUP=www-data APACHE_LOG_DIR=/var/log/apache2 \
    APACHE_PID_FILE=/run/apache2.pid APACHE_RUN_DIR=/run/apache2 APACHE_LOCK_DIR=/run/lock
EXPOSE 80
STOPSIGNAL SIGWINCH
CMD ["/usr/sbin/apache2", "-D", "FOREGROUND"]
