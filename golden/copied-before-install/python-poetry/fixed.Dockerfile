FROM python:3.11-slim
ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1
WORKDIR /code
RUN pip install poetry==1.8.3
COPY pyproject.toml poetry.lock /code/
RUN poetry config virtualenvs.create false && poetry install --only main --no-root --no-interaction
COPY . /code
CMD ["uvicorn", "orders.main:app", "--host", "0.0.0.0"]
