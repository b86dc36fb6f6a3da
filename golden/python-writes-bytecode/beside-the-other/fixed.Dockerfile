FROM python:3.12-slim AS web
LABEL maintainer="Ada <ada@example.org>"

WORKDIR /shop

RUN useradd --create-home python && chown python:python -R /shop

USER python
ENV PYTHONPATH=/shop/lib

COPY --chown=python:python . .

ENV DEBUG="false" \
    PYTHONUNBUFFERED="true" \
    PATH="${PATH}:/home/python/.local/bin"
ENV PYTHONDONTWRITEBYTECODE=1

ENV PYTHONHASHSEED=0

RUN python manage.py collectstatic --no-input

CMD ["gunicorn", "shop.wsgi"]
