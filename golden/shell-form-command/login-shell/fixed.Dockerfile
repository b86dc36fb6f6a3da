FROM ubuntu:22.04
SHELL ["/bin/bash", "-l", "-c"]
RUN apt-get update && apt-get install -y --no-install-recommends python3 && rm -rf /var/lib/apt/lists/*
WORKDIR /srv
COPY . .
CMD exec python3 serve.py
