FROM debian:12-slim
RUN apt-get update && apt-get install -y mariadb-client \
    && apt-get install -y gettext-base
CMD ["sleep", "infinity"]
