# syntax=docker/dockerfile:1
FROM python:3.12 AS build
WORKDIR /usr/src/app
COPY requirements.txt .
RUN pip wheel --no-deps --wheel-dir /wheels -r requirements.txt

FROM python:3.12-slim
WORKDIR /srv/app
# Everything was compiled in the other stage.
COPY --from=build /usr/src/app/requirements.txt .
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    set -eux && \
    # Without a look at the network.
    pip install --no-cache-dir --no-index /wheels/*
COPY . .
CMD ["gunicorn", "app:app"]
