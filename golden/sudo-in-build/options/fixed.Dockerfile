FROM debian:12
RUN apt-get update && apt-get install -y sudo
RUN apt-get install -y make && mkdir /srv/a && echo secret | chmod 700 /srv/a
RUN locale-gen
RUN LC_ALL=C DEBCONF='a b' dpkg-reconfigure tzdata
RUN apt-get update
