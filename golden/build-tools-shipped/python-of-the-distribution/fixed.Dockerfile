FROM python:3.12 AS build
WORKDIR /srv/app
COPY requirements.txt .
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
RUN pip install --no-cache-dir -r requirements.txt

FROM python:3.12-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libpq5 \
        python3 \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /srv/app
ENV PATH=/opt/venv/bin:$PATH
COPY --from=build /opt/venv/ /opt/venv/
COPY . .
ENTRYPOINT ["./report"]
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
