FROM python:3.12-alpine3.20
WORKDIR /app
COPY requirements.txt .
# uwsgi is compiled here
RUN apk add --no-cache libgcc libgomp libstdc++ && apk add --no-cache --virtual .build-deps build-base linux-headers \
    && pip install --no-cache-dir -r requirements.txt \
    && apk del .build-deps
COPY . .
CMD ["uwsgi", "--ini", "uwsgi.ini"]
