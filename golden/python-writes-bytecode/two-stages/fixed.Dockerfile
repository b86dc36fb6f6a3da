FROM python:3.12 AS build
WORKDIR /build
COPY pyproject.toml ./
COPY invoices ./invoices
RUN pip wheel --no-cache-dir --wheel-dir /wheels .

# What runs.
FROM python:3.12-slim
LABEL org.opencontainers.image.title="invoices"

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1

WORKDIR /srv
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels pip install --no-cache-dir /wheels/*.whl
USER 1000
CMD ["uvicorn", "invoices.api:app", "--host", "0.0.0.0"]
