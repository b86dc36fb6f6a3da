FROM ubuntu:24.04
# no questions
ENV DEBIAN_FRONTEND=noninteractive
RUN apt-get update \
    && apt-get install -y --no-install-recommends postfix \
    && rm -rf /var/lib/apt/lists/*

COPY . /srv/mail
WORKDIR /srv/mail

RUN ./configure.sh
CMD ["./start.sh"]
