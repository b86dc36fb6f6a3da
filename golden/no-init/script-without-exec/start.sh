#!/bin/bash
set -e
python manage.py migrate
gunicorn club.wsgi --bind 0.0.0.0:8000
