FROM ubuntu:22.04
RUN apt-get update && apt-get dist-upgrade -y && apt-get upgrade -y --without-new-pkgs && apt-get dist-upgrade -y
RUN yes | apt-get upgrade --with-new-pkgs
RUN apt-get upgrade --with-new-pkgs \
        -y \
        -o Dpkg::Options::=--force-confold
