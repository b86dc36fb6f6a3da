# The base is our own; its WORKDIR does not matter.
FROM registry.acme.example/python:3.12
ENV PROJECT=shop \
    APP_ROOT=/srv
WORKDIR $APP_ROOT
WORKDIR /srv/${PROJECT}/api
COPY api .
WORKDIR "/srv/shop/api/static"
COPY static .
CMD ["python", "-m", "api"]
