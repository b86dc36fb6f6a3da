FROM python:3.12-slim

RUN pip install --no-cache-dir poetry==1.8.3

WORKDIR /srv
COPY pyproject.toml poetry.lock ./
RUN poetry config virtualenvs.create false && poetry install --only main --no-root
COPY . .
RUN poetry config virtualenvs.create false && poetry install --only main

CMD ["python", "-m", "tides"]
