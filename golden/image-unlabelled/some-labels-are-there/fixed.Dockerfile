FROM python:3.12-slim
LABEL maintainer="ada@field.example" org.opencontainers.image.title="Harvest"
WORKDIR /app
COPY . .
RUN pip install --no-cache-dir .
LABEL org.opencontainers.image.description="Collects what the fields report" \
      org.opencontainers.image.source="https://gitlab.example.org/field/harvest" \
      org.opencontainers.image.licenses="MIT"
ENTRYPOINT ["harvest"]
CMD ["--help"]
