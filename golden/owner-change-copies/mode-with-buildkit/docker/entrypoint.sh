#!/bin/sh
/wait.sh && exec "$@"
