FROM python:3.12-alpine3.20

RUN \
  # psycopg
  apk add --no-cache libpq \
  # pillow
  && apk add --no-cache libjpeg zlib
