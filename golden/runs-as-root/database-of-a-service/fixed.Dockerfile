FROM python:3.12-slim
WORKDIR /srv/app
RUN groupadd --gid 10001 app && useradd -l --uid 10001 --gid app --create-home app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
RUN mkdir -p /srv/app/data && chown -R app:app /srv/app/data
USER 10001:10001
CMD ["gunicorn", "--bind", "0.0.0.0:8000", "app:app"]
