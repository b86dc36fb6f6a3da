FROM python:3.12-bookworm AS build

RUN apt-get update && apt-get install -y --no-install-recommends gosu libpq-dev && rm -rf /var/lib/apt/lists/*

WORKDIR /app
COPY requirements.txt .
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
RUN pip install --no-cache-dir -r requirements.txt

FROM python:3.12-slim-bookworm
RUN groupadd -r app && useradd -r -g app app
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        gosu \
        libpq5 \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
ENV PATH=/opt/venv/bin:$PATH
COPY --from=build /opt/venv/ /opt/venv/

COPY docker-entrypoint.sh /usr/local/bin/
COPY . .
EXPOSE 80
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["gunicorn", "-b", "0.0.0.0:80", "app:app"]
