# syntax=docker/dockerfile:1
FROM debian:bookworm-slim
RUN --mount=type=cache,target=/var/cache/apt \
    bash -e <<EOF

apt-get update

apt-get install -y \

    curl
EOF
COPY <<one \
  <<two /etc/app/
first \

one

two
CMD ["bash"]
