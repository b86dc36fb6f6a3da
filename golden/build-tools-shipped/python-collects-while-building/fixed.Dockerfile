FROM python:3.12 AS build
WORKDIR /srv
COPY . .
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
RUN pip install -r requirements.txt && python manage.py collectstatic --noinput

FROM python:3.12-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libpq5 \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /srv
ENV PATH=/opt/venv/bin:$PATH
COPY --from=build /opt/venv/ /opt/venv/
COPY --from=build /srv/ /srv/
CMD gunicorn shop.wsgi --bind 0.0.0.0:$PORT
