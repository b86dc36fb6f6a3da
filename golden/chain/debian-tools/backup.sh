#!/bin/sh
set -eu
hosts=${HOSTS:-/opt/backup/hosts.example}
while read -r host path; do
    rsync -a "$host:$path/" "$BACKUP_DIR/$host/"
done < "$hosts"
find "$BACKUP_DIR" -mindepth 1 -maxdepth 1 -mtime "+$KEEP_DAYS" -exec rm -r {} +
