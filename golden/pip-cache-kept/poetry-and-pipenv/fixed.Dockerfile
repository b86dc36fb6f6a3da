FROM python:3.10-slim
ENV POETRY_VIRTUALENVS_CREATE=false

RUN pip install --no-cache-dir poetry==1.0.10 pipenv
WORKDIR /app
COPY pyproject.toml poetry.lock Pipfile Pipfile.lock ./
RUN poetry install --no-root --no-interaction && \
    rm -rf ~/.cache/pypoetry/cache ~/.cache/pypoetry/artifacts && \
    python -c "import app"
RUN pipenv install --system --deploy && rm -rf ~/.cache/pipenv ~/.cache/pip
COPY . .
CMD ["python", "-m", "app"]
