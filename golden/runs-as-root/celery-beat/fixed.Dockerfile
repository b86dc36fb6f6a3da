FROM python:3.11-slim AS deps
COPY requirements.txt .
RUN pip install --no-cache-dir --prefix=/install -r requirements.txt

FROM python:3.11-slim
COPY --from=deps /install /usr/local
WORKDIR /worker
COPY worker/ .

CMD celery -A tasks beat --loglevel=info
