# The tag may be an old one, of a Debian that has no package xxd.
FROM node:9.2.0
RUN apt-get update \
    && apt-get install -y --no-install-recommends nginx unzip \
    && rm -rf /var/lib/apt/lists/*
RUN apt-get update && apt-get install -y vim && rm -rf /var/lib/apt/lists/*
CMD ["nginx", "-g", "daemon off;"]
