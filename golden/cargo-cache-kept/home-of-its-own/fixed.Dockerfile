FROM debian:12
ENV CARGO_HOME=/opt/cargo \
    RUSTUP_HOME=/opt/rustup \
    PATH=/opt/cargo/bin:$PATH
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates curl gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
RUN curl --proto '=https' -fsSL https://sh.rustup.rs | sh -s -- -y --profile minimal
RUN cargo install --locked ripgrep \
    && rm -rf /opt/cargo/registry /opt/cargo/git \
    && rg --version
ENTRYPOINT ["rg"]
