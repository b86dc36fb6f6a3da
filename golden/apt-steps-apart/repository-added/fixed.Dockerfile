FROM ubuntu:20.04
ARG DEBIAN_FRONTEND=noninteractive

RUN apt-get update && apt-get install -y software-properties-common apt-transport-https
RUN add-apt-repository -y ppa:deadsnakes/ppa

RUN curl -fsSL https://dl.example.com/key.gpg | apt-key add - \
    && echo "deb https://dl.example.com stable main" > /etc/apt/sources.list.d/example.list \
    && apt-get update \
# from the repository above
    && apt-get install -y python3.11 \
    && python3.11 -m ensurepip

RUN dpkg --add-architecture i386
RUN apt-get update && apt-get install -y libc6:i386
