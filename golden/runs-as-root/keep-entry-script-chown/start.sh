#!/bin/bash
apt-get update && apt-get install -y curl
chown -R www-data /data
exec python app.py
