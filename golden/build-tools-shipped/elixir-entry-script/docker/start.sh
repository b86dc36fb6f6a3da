#!/bin/sh
set -e
/opt/built/bin/hello eval "Hello.Release.migrate"
exec /opt/built/bin/hello start
