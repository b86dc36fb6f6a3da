FROM python:3.12-slim
COPY --from=ghcr.io/astral-sh/uv:0.5 /uv /bin/uv

WORKDIR /app
COPY pyproject.toml uv.lock ./
RUN uv sync --no-cache --frozen --no-install-project
COPY . .
RUN uv sync --no-cache --frozen \
 && uv pip install --no-cache \
      --python .venv/bin/python debugpy
CMD [".venv/bin/python", "-m", "service"]
