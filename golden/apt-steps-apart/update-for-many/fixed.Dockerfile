FROM debian:12 AS base
# for all that follows
WORKDIR /build

FROM base AS codec
RUN apt-get update && apt-get install -y nasm
COPY codec codec
RUN make -C codec install
RUN apt-get install -y dh-autoreconf
COPY player player
RUN make -C player install

FROM base
ENV LANG=C.UTF-8
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y tzdata
COPY --from=codec /usr/local /usr/local
CMD ["player"]
