FROM debian:12-slim
RUN groupadd -g 2000 mailer && useradd -m -u 2000 -g 2000 mailer
RUN apt-get update && apt-get install -y --no-install-recommends python3 && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/mailer
COPY mailer.py .
RUN mkdir -p /opt/mailer/log && chown -R 2000:2000 /opt/mailer/log
USER 2000:2000
CMD ["python3", "mailer.py"]
