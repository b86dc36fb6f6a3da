# Today's Debian calls some of these libraries libasound2t64 and the like.
FROM java:8-jre
RUN apt-get update && apt-get install -y --no-install-recommends \
    maven \
    shared-mime-info \
    && rm -rf /var/lib/apt/lists/*
COPY . /srv
