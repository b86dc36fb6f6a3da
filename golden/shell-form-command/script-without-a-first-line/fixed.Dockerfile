FROM debian:12-slim
WORKDIR /srv
COPY . .
CMD exec ./start
