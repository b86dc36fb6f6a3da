FROM rust:1.79-slim
RUN apt-get update && apt-get install -y --no-install-recommends pkg-config libssl-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /usr/src/mailer
COPY . .
RUN cargo install --locked --path . && rm -rf /usr/local/cargo/registry /usr/local/cargo/git
USER nobody
CMD ["mailer"]
