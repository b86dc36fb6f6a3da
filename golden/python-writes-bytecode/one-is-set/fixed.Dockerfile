FROM python:3.11-alpine
ENV PYTHONUNBUFFERED=1 \
    TZ=UTC
ENV PYTHONDONTWRITEBYTECODE=1
ENV DJANGO_SETTINGS_MODULE=club.settings.production

RUN apk add --no-cache libpq
WORKDIR /srv/club
COPY . .
RUN pip install --no-cache-dir -r requirements.txt
CMD python manage.py runserver 0.0.0.0:8000
