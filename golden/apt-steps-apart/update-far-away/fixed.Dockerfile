FROM python:3.11-slim AS base

ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1
RUN pip install gunicorn

# the client library, and the tools to wait for the server
RUN set -ex \
    && apt-get -qq update \
    && apt-get install -qqy --no-install-recommends libmariadb3 netcat-openbsd \
    && rm -rf /var/lib/apt/lists/*

COPY . /app
USER 1000
CMD ["gunicorn", "app:app"]
