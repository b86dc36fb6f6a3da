FROM ubuntu:22.04
RUN apt-get update \
    # needed by the build
    && apt-get install -y --no-install-recommends \
        build-essential \
        git \
    && apt-get purge -y git
