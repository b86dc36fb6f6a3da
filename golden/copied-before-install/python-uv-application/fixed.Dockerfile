FROM python:3.12-slim
RUN pip install --no-cache-dir uv
WORKDIR /app
COPY pyproject.toml uv.lock /app/
RUN uv sync --locked --no-dev
COPY . /app
CMD ["uv", "run", "main.py"]
