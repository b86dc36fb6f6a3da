FROM python:3.12-alpine
RUN adduser -D -u 1001 notes
WORKDIR /srv/app
USER 1001:1001
COPY app app/
COPY --chown=1001:1001 ["data", "/srv/app/data"]
CMD ["python", "app/main.py"]
