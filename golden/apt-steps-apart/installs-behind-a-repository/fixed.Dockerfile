FROM ubuntu:22.04
ENV DEBIAN_FRONTEND=noninteractive
RUN apt-get update && apt-get install -y --no-install-recommends curl software-properties-common
RUN add-apt-repository -y ppa:git-core/ppa && apt-get update \
      && apt-get install -y --no-install-recommends git \
# Tools for the people who log in
      && apt-get install -y --no-install-recommends \
      less \
      vim-tiny
CMD ["git", "daemon", "/srv/git"]
