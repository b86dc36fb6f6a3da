#!/bin/bash
if [ "$1" = "shell" ]; then
    exec bash
fi
until python -c 'import jobs; jobs.ping()'; do sleep 1; done
exec "$@"
