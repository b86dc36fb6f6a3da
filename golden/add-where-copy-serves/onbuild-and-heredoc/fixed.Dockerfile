# syntax=docker/dockerfile:1
FROM python:3.12-slim
COPY <<EOF /etc/motd
Welcome, and mind the step.
EOF
ONBUILD COPY requirements.txt /app/
ONBUILD COPY . /app
