FROM ubuntu:22.04
RUN apt-get update && apt-get install -y --no-install-recommends nodejs npm sudo ca-certificates \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home worker && echo 'worker ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/worker
USER worker
WORKDIR /home/worker
RUN sudo -H npm install -g http-server && \
    sudo -H npm cache clean --force; \
    npm install express \
    && npm cache clean --force
CMD ["http-server", "/home/worker/public"]
