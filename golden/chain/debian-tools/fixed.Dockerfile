# Nightly backups: runs from cron, writes to the storage box
FROM debian:12
LABEL maintainer="operations team"
LABEL vendor=ACME
LABEL description="Backup tools, see the wiki"

ENV DEBIAN_FRONTEND=noninteractive
ENV BACKUP_DIR=/var/backups/nightly KEEP_DAYS=14
ENV LOG_LEVEL=info

RUN apt-get update && apt-get -y install --no-install-recommends \
    rsync \
    # speaks to the storage box
    openssh-client \
    zstd \
    && apt-get install -y --no-install-recommends ca-certificates wget \
# we run as backup later on, and some scripts still call sudo
    && apt-get install -y --no-install-recommends sudo \
    && rm -rf /var/lib/apt/lists/*
RUN mkdir -p $BACKUP_DIR && chmod 0750 $BACKUP_DIR

# the list of hosts, where the pipeline hands one in
ARG HOSTS_URL
RUN if [ -n "$HOSTS_URL" ]; then wget --progress=dot:giga -O /etc/backup-hosts "$HOSTS_URL"; fi

WORKDIR /opt/backup
COPY backup.sh hosts.example ./
RUN chmod 755 backup.sh
RUN useradd -l --uid 200000 nightly \
    && chown nightly $BACKUP_DIR
USER nightly

ENTRYPOINT ["/opt/backup/backup.sh"]
CMD ["--all"]
