FROM python:3.12 AS build

RUN apt-get update && apt-get install -y gettext

WORKDIR /usr/src/app
COPY requirements.txt ./
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
RUN pip install --upgrade pip
RUN pip install -r requirements.txt

FROM python:3.12-slim
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        curl \
        gettext \
        libpq5 \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /usr/src/app
ENV PATH=/opt/venv/bin:$PATH
RUN groupadd --gid 10001 app && useradd -l --uid 10001 --gid app --create-home app
COPY --from=build /opt/venv/ /opt/venv/
COPY . .
ENV DJANGO_SETTINGS_MODULE=shop.settings
RUN python manage.py collectstatic --noinput

USER 10001:10001
EXPOSE 8000
CMD ["gunicorn", "shop.wsgi:application", "--bind", "0.0.0.0:8000"]
