FROM python:3.11
WORKDIR /app
COPY . .
RUN pip install --no-cache-dir celery redis
ENTRYPOINT ["./wait-for-broker.sh"]
CMD exec celery -A jobs worker --loglevel info
