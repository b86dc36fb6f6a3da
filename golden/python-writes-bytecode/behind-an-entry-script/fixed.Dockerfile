FROM debian:12-slim
ENV PYTHONDONTWRITEBYTECODE=1
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/mailer
COPY . .
RUN python3 -m venv venv && venv/bin/pip install --no-cache-dir -r requirements.txt
ENTRYPOINT ["./entrypoint.sh"]
