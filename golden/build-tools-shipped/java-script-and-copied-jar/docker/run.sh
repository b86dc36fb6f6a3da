#!/bin/sh
set -e
exec java -Xmx256m -jar /mailer.jar "$@"
