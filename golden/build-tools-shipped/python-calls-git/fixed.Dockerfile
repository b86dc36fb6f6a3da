FROM python:3.11 AS build

WORKDIR /opt/mirror
COPY requirements.txt ./
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
RUN pip install --no-cache-dir -r requirements.txt

FROM python:3.11-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        git \
        libmariadb3 \
    && rm -rf /var/lib/apt/lists/*
LABEL org.opencontainers.image.title="mirror"
WORKDIR /opt/mirror
ENV PATH=/opt/venv/bin:$PATH
COPY --from=build /opt/venv/ /opt/venv/
COPY mirror ./mirror
VOLUME /data
USER nobody
CMD ["python", "-m", "mirror"]
