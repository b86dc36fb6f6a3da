FROM ubuntu:22.04
ENV DEBIAN_FRONTEND=noninteractive
RUN apt-get update && apt-get install -y curl gnupg sudo
RUN mkdir -p /etc/apt/keyrings \
    # the vendor's key
    && curl -fsSL https://example.org/key.asc | tee /etc/apt/keyrings/vendor.asc > /dev/null \
    && echo "deb https://example.org/apt stable main" | tee /etc/apt/sources.list.d/vendor.list \
    && apt-get update \
    && apt-get install -y vendor-tool
RUN if ! test -d /srv/app; then mkdir /srv/app; fi; for d in a b; do mkdir /srv/app/$d; done
USER app
RUN sudo chown -R app /srv/app
USER root
RUN echo "app ALL=(ALL) NOPASSWD:ALL" >> /etc/sudoers
RUN sudo -E \
      # keeps what is set above
      apt-get install -y \
        make
