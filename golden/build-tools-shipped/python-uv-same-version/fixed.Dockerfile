FROM python:3.12 AS build
COPY --from=ghcr.io/astral-sh/uv:0.5 /uv /bin/uv
WORKDIR /srv/app
COPY . .
RUN uv sync --frozen

FROM python:3.12-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libpq5 \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /srv/app
COPY . .
COPY --from=build /srv/app/.venv/ /srv/app/.venv/
ENV PATH=/srv/app/.venv/bin:$PATH
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
