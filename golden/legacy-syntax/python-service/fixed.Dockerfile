# syntax=docker/dockerfile:1
# Image of the tide table service.
FROM python:3.12-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1
ENV VIRTUAL_ENV=/opt/venv
# The virtual environment comes first.
ENV PATH=$VIRTUAL_ENV/bin:$PATH
ENV	POETRY_OPTIONS="--no-interaction --no-ansi"

WORKDIR /src
COPY requirements.txt .
RUN python -m venv "$VIRTUAL_ENV" \
    && pip install --no-cache-dir -r requirements.txt

FROM python:3.12-slim
LABEL maintainer="Ines Falk <ines@tides.example>"
LABEL description="Serves tide tables, computed from harmonic constants"
LABEL org.opencontainers.image.vendor="Tides & Sons"
LABEL version="2.1" stage="production"
ENV JAVA_OPTS="-Xmx512m -XX:+UseSerialGC"
ENV GREETING="Hello from $HOSTNAME, port ${PORT:-8080}"
ENV EMPTY=""
COPY --from=build /opt/venv /opt/venv
CMD ["/opt/venv/bin/python", "-m", "tides"]
