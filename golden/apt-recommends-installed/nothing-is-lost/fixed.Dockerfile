FROM debian:12
RUN apt-get update && apt-get -qqy -o Dpkg::Use-Pty=0 install --no-install-recommends unzip make && rm -rf /var/lib/apt/lists/*
RUN apt-get update && apt-get install -y -t bookworm-backports --no-install-recommends unzip && rm -rf /var/lib/apt/lists/*
