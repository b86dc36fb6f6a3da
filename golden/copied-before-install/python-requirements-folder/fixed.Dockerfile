FROM python:3.12
WORKDIR /usr/src/shop
COPY --chown=1000:1000 constraints.txt ./
COPY --chown=1000:1000 requirements/production.txt requirements/base.txt requirements/
RUN pip install -r requirements/production.txt
COPY --chown=1000:1000 . .
RUN python manage.py collectstatic --noinput
CMD ["gunicorn", "shop.wsgi"]
