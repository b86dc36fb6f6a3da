# syntax=docker/dockerfile:1.4
FROM python:3.12-slim
WORKDIR /app
ARG RELEASE
COPY requirements.txt .
RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt
COPY . .
RUN --mount=type=secret,id=sentry_auth_token \
    export SENTRY_AUTH_TOKEN="$(cat /run/secrets/sentry_auth_token 2>/dev/null)" && \
    set -e; \
    if [ -n "$SENTRY_AUTH_TOKEN" ]; then \
      sentry-cli --auth-token "$SENTRY_AUTH_TOKEN" releases new "$RELEASE"; \
    fi
CMD ["python", "-m", "app"]
