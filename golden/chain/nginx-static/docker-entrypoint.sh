#!/bin/sh
set -e
sed -i "s|@VERSION@|${VERSION:-unknown}|" /usr/share/nginx/html/index.html
exec "$@"
