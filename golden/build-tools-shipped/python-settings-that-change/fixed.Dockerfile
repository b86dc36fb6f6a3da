FROM python:3.12 AS build
ENV PORT=8000
ENV PORT=9000
SHELL ["/bin/bash", "-c"]
WORKDIR /srv/app
COPY requirements.txt .
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
RUN pip install --no-cache-dir -r requirements.txt

FROM python:3.12-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libpq5 \
    && rm -rf /var/lib/apt/lists/*
ENV PORT=8000
EXPOSE $PORT
ENV PORT=9000
ENTRYPOINT exec gunicorn -b 0.0.0.0:8000 app:app
SHELL ["/bin/bash", "-c"]
WORKDIR /srv/app
ENV PATH=/opt/venv/bin:$PATH
COPY --from=build /opt/venv/ /opt/venv/
COPY . .
