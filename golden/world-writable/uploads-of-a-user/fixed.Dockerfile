FROM python:3.12-slim
RUN groupadd --system app && useradd --system --gid app --create-home app
WORKDIR /srv/app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
RUN mkdir -p media static \
    && chown -R app:app media static \
    && chmod -R 755 media static \
    && python manage.py collectstatic --noinput
USER app
CMD ["gunicorn", "site.wsgi"]
