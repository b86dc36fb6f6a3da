FROM python:3.12-alpine
RUN apk add --no-cache \
    bash \
    postgresql-client \
    tini
WORKDIR /srv
COPY . .
RUN pip install --no-cache-dir -r requirements.txt
EXPOSE 8000
ENTRYPOINT ["tini", "-g", "--", "./start.sh"]
