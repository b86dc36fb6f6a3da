# syntax=docker/dockerfile:1
FROM node:20 AS assets
RUN apt-get update && apt-get install -y python3-pip
USER node
RUN --mount=type=cache,target=/home/node/.cache/pip,uid=1000,gid=1000 \
    pip3 install --user --break-system-packages nodeenv

FROM python:3.12
WORKDIR /app
COPY requirements.txt .
RUN --mount=type=bind,source=wheels,target=/wheels \
    --mount=type=secret,id=pip,target=/etc/pip.conf \
    --mount=type=cache,target=/root/.cache/pip \
    pip install \
      -r requirements.txt \
    && rm -rf /tmp/*
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install gunicorn
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install black
RUN --mount=type=cache,target=/root/.cache/pip <<END
pip install ruff
END
