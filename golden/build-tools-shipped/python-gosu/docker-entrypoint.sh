#!/bin/sh
set -e
chown -R app:app /app/uploads
exec gosu app "$@"
