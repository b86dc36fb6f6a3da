# Tickets: the API and its admin pages.
FROM python:3.12-slim

WORKDIR /srv/tickets
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .

EXPOSE 8000
# The port is the platform's.
CMD python manage.py migrate --noinput && \
    exec gunicorn tickets.wsgi --bind 0.0.0.0:${PORT:-8000}
