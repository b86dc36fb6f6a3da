FROM python:3.11-slim AS build

RUN apt-get update && apt-get install -y build-essential libpq-dev

WORKDIR /code
COPY requirements.txt /code/requirements.txt
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
RUN pip install --no-cache-dir --upgrade -r /code/requirements.txt

FROM python:3.11-slim
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libpq5 \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /code
ENV PATH=/opt/venv/bin:$PATH
RUN groupadd --gid 10001 app && useradd -l --uid 10001 --gid app --create-home app
COPY --from=build /opt/venv/ /opt/venv/
COPY ./app /code/app

USER 10001:10001

CMD ["uvicorn", "app.main:app", "--host", "0.0.0.0", "--port", "8000"]
