FROM python:3.12-slim
RUN useradd --uid 1001 app
WORKDIR /srv/app
COPY --chown=app:app . .
USER 1001
CMD ["python", "main.py"]
