#!/bin/sh
set -e
until pg_isready -h "$DB_HOST"; do sleep 1; done
exec /srv/worker/bin/worker "$@"
