FROM python:3.12-slim AS base
RUN useradd --create-home --home-dir /app --uid 1000 django
WORKDIR /app
COPY --chown=django:django . /app

FROM base
RUN pip install --no-cache-dir gunicorn
ENV PORT=8000
USER 1000
ENTRYPOINT ["sh", "entrypoint.sh"]
CMD ["gunicorn", "--bind", "0.0.0.0:8000", "shop.wsgi"]
