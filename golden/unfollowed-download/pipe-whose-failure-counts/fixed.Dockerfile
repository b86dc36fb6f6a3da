FROM python:3.12-slim-bookworm
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
RUN apt-get update && apt-get install -y --no-install-recommends curl gpg && rm -rf /var/lib/apt/lists/*
RUN curl -fsS https://packages.example.org/key.asc | gpg --dearmor -o /usr/share/keyrings/example.gpg
