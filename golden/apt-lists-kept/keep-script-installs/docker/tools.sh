#!/bin/sh
# run it behind apt-get update
set -e
apt-get install -y "$@" jq yq
