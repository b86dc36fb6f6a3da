#!/bin/sh
set -e

if [ "$MIGRATE" = yes ]; then
  npx prisma migrate deploy
fi

exec "$@"
