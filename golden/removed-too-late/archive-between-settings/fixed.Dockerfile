FROM debian:bookworm
# The weather model and its tables.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/*
RUN curl -fsSL https://data.example.org/tables-2024.tar.gz -o /opt/tables.tar.gz \
    && mkdir -p /opt/tables \
    && tar -xzf /opt/tables.tar.gz -C /opt/tables \
    && rm /opt/tables.tar.gz
ENV TABLES=/opt/tables
LABEL org.opencontainers.image.title="tables"
COPY forecast /usr/local/lib/forecast
WORKDIR /usr/local/lib/forecast
ENTRYPOINT ["./run"]
