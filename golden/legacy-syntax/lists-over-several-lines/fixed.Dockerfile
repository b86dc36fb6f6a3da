FROM debian:bookworm

# What ./configure needs.
ENV BUILD_DEPS="autoconf \
		g++ \
		libc6-dev \
		make"

ENV GPG_KEYS="\
# Ada Holm (release key) <ada@forge.example>
0A1B2C3D4E5F60718293A4B5C6D7E8F901234567 \
# Bo Lind <bo@forge.example>
		89ABCDEF0123456789ABCDEF0123456789ABCDEF"

ENV MIRRORS="https://mirror-a.example/forge \
    https://mirror-b.example/get?file=forge-$FORGE_VERSION.tgz"

RUN apt-get update \
    && apt-get install -y --no-install-recommends $BUILD_DEPS \
    && rm -rf /var/lib/apt/lists/*
