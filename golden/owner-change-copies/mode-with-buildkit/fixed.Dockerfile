# syntax=docker/dockerfile:1
FROM python:3.12-slim
WORKDIR /app
COPY --chmod=0755 docker/entrypoint.sh /usr/local/bin/
COPY --chmod=755 wait.sh /wait.sh
ENTRYPOINT ["entrypoint.sh"]
