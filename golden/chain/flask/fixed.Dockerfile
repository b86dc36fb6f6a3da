# Orders API of the shop
FROM python:3.12-slim
LABEL maintainer="Jana Novak <jana@shop.example>"

ENV PYTHONUNBUFFERED=1
ENV PYTHONDONTWRITEBYTECODE=1
ENV FLASK_APP=app

# libmagic looks into uploads, curl is for the health check
RUN apt-get update && apt-get install -y --no-install-recommends libmagic1 curl \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /app
COPY requirements.txt /app/
RUN pip install --no-cache-dir --upgrade pip
RUN pip install --no-cache-dir -r requirements.txt

# nobody should run this as root
RUN useradd --create-home shop
COPY . /app
RUN chown -R shop:shop /app
USER shop

EXPOSE 8000/tcp
HEALTHCHECK --interval=30s CMD curl -fsS http://localhost:8000/health || exit 1

# the proxy talks to port 8000
CMD ["gunicorn", "--bind", "0.0.0.0:8000", "app:app"]
