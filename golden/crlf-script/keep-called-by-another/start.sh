#!/bin/sh
bash scripts/migrate.sh
exec node server.js
