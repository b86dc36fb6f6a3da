FROM python:3.12-bookworm AS build

RUN python -m venv /opt/venv
ENV VIRTUAL_ENV=/opt/venv PATH=/opt/venv/bin:$PATH
RUN pip install --no-cache-dir poetry==1.8.3 && poetry config virtualenvs.create false
WORKDIR /srv
COPY pyproject.toml poetry.lock ./
RUN poetry install --no-root --only main --no-interaction

FROM python:3.12-slim-bookworm
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libmariadb3 \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /srv
ENV PATH=/opt/venv/bin:$PATH
COPY --from=build /opt/venv/ /opt/venv/
COPY billing ./billing
CMD ["uvicorn", "billing.api:app", "--host", "0.0.0.0"]
