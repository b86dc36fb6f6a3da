# syntax=docker/dockerfile:1
FROM ubuntu:24.04
RUN <<EOF
set -e
# what the service needs
apt-get update
apt-get install -y --no-install-recommends \
  nginx
EOF
RUN <<-EOF
	apt-get upgrade --with-new-pkgs -y
	apt-get clean
EOF
