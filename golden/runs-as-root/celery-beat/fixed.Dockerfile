FROM python:3.11-slim AS deps
COPY requirements.txt .
RUN pip install --no-cache-dir --prefix=/install -r requirements.txt

FROM python:3.11-slim
RUN groupadd --gid 10001 app && useradd -l --uid 10001 --gid app --create-home app
COPY --from=deps /install /usr/local
WORKDIR /worker
COPY worker/ .

RUN chown app:app /worker
USER 10001:10001

CMD celery -A tasks beat --loglevel=info
