FROM debian:12
ARG http_proxy
ENV PIP_INDEX_URL=https://pypi.example.org/simple
RUN apt-get update && apt-get install -y python3-pip sudo
RUN pip3 install --no-cache-dir gunicorn && CFLAGS=-O2 make install
