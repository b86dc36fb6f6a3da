# syntax=docker/dockerfile:1
from python:3.11 as wheels
run pip wheel -w /wheels -r requirements.txt
from python:3.11-slim
run --mount=type=bind,from=wheels,source=/wheels,target=/tmp/wheels \
    pip install --no-cache-dir --no-index --find-links=/tmp/wheels -r /tmp/wheels/requirements.txt
