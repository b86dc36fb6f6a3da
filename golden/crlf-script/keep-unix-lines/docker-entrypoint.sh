#!/bin/sh
set -e
exec "$@"
# a stray 
