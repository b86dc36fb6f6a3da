FROM python:3.13 AS build
RUN python -m venv /venv
ENV PATH="/venv/bin:$PATH"
WORKDIR /bot
COPY requirements.txt .
RUN pip install -r requirements.txt

FROM python:3.13-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        git \
        libxml2 \
        libxslt1.1 \
    && rm -rf /var/lib/apt/lists/*
ENV PATH="/venv/bin:$PATH"
WORKDIR /bot
COPY --from=build /venv/ /venv/
COPY bot ./bot
USER 1000
CMD ["python", "-m", "bot"]
