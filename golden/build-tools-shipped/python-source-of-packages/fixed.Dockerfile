FROM python:3.12-bookworm AS build
ADD https://packages.example.org/key.asc /etc/apt/trusted.gpg.d/example.asc
RUN echo "deb https://packages.example.org/apt bookworm main" > /etc/apt/sources.list.d/example.list \
    && apt-get update \
    && apt-get install -y --no-install-recommends postgresql-client-16 libpq-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /srv/app
COPY requirements.txt .
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
RUN pip install --no-cache-dir -r requirements.txt

FROM python:3.12-slim-bookworm
ADD https://packages.example.org/key.asc /etc/apt/trusted.gpg.d/example.asc
RUN echo "deb https://packages.example.org/apt bookworm main" > /etc/apt/sources.list.d/example.list
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libpq5 \
        postgresql-client-16 \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /srv/app
ENV PATH=/opt/venv/bin:$PATH
COPY --from=build /opt/venv/ /opt/venv/
COPY . .
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
