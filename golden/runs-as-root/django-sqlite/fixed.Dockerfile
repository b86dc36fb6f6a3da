FROM python:3.12-slim
WORKDIR /srv/shop
RUN groupadd --gid 10001 app && useradd -l --uid 10001 --gid app --create-home app
COPY requirements.txt ./
RUN pip install --no-cache-dir -r requirements.txt
COPY . ./
RUN python manage.py collectstatic --no-input
RUN mkdir -p /srv/shop/data /srv/shop/media && chown -R app:app /srv/shop/data /srv/shop/media
USER 10001:10001
EXPOSE 8000
ENTRYPOINT ["./entrypoint.sh"]
CMD ["gunicorn", "shop.wsgi:application", "--bind", ":8000"]
