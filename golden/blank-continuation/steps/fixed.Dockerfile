FROM debian:bookworm-slim

RUN apt-get update \
    # what the tests need
    && apt-get install -y --no-install-recommends \
        curl \
        git \
        # and this for the docs
        graphviz \
    && rm -rf /var/lib/apt/lists/*

ENV LANG=C.UTF-8 \
    TZ=UTC
CMD ["bash"]
