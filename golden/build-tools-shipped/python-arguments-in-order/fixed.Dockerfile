FROM python:3.12 AS build
ARG VERSION=1.2
ARG BUILD=7
ENV CHANNEL=stable
ARG RELEASE=$VERSION-$CHANNEL
ARG RELEASE=next
ENV APP_NEXT=$RELEASE
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
ARG VERSION=1.2
ENV CHANNEL=stable
ARG RELEASE=$VERSION-$CHANNEL
LABEL org.opencontainers.image.version=$RELEASE
ARG RELEASE=next
ENV APP_NEXT=$RELEASE
WORKDIR /srv/app
ENV PATH=/opt/venv/bin:$PATH
COPY --from=build /opt/venv/ /opt/venv/
COPY . .
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
