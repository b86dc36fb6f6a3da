FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates git make \
    && rm -rf /var/lib/apt/lists/*
RUN git clone https://git.acme.example/parser.git
WORKDIR   /parser
RUN make \
    && make install
WORKDIR /parser
CMD ["parser"]
