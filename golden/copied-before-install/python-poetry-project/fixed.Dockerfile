FROM python:3.11-slim
RUN pip install --no-cache-dir poetry==1.8.3
ENV POETRY_VIRTUALENVS_IN_PROJECT=true
WORKDIR /srv/orders
COPY pyproject.toml poetry.lock ./
RUN poetry install --only main --no-root
COPY . .
RUN poetry install --only main
CMD [".venv/bin/uvicorn", "orders.main:app", "--host", "0.0.0.0"]
