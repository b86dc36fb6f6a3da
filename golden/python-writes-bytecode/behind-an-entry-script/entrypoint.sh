#!/bin/sh
set -eu
./wait-for-smtp
exec venv/bin/python3 -u -m mailer
