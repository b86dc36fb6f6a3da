FROM python:3.11 AS build
WORKDIR /opt
COPY setup.py .
COPY ledger ./ledger
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH
RUN pip install -e .

FROM python:3.11-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libpq5 \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt
ENV PATH=/venv/bin:$PATH
COPY --from=build /venv/ /venv/
COPY --from=build /opt/ /opt/
ENTRYPOINT ["python", "-m", "ledger"]
