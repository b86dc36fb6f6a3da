#!/bin/sh
set -e
[ -d vendor ] || composer install --no-interaction
exec apache2-foreground
