FROM python:3.12 AS build
COPY fonts.zip words.tar.xz /tmp/
RUN unzip /tmp/fonts.zip -d /usr/share/fonts/shop && mkdir /srv/words && tar xJf /tmp/words.tar.xz -C /srv/words
WORKDIR /srv/app
COPY requirements.txt .
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
RUN pip install --no-cache-dir -r requirements.txt

FROM python:3.12-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libpq5 \
        unzip \
        xz-utils \
    && rm -rf /var/lib/apt/lists/*
COPY fonts.zip words.tar.xz /tmp/
RUN unzip /tmp/fonts.zip -d /usr/share/fonts/shop && mkdir /srv/words && tar xJf /tmp/words.tar.xz -C /srv/words
WORKDIR /srv/app
ENV PATH=/opt/venv/bin:$PATH
COPY --from=build /opt/venv/ /opt/venv/
COPY . .
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
