FROM      debian:12-slim
WORKDIR   /srv
COPY      package.json       /srv/package.json
COPY      .                  /srv
COPY	etc/app.conf	/etc/app.conf
RUN       ./configure
