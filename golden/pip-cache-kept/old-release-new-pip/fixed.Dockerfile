FROM ubuntu:14.04

RUN apt-get update && apt-get install -y curl python-dev python-pip \
    && rm -rf /var/lib/apt/lists/*

# The pip of trusty is 1.5
RUN pip install --upgrade "pip==9.0.3"
RUN pip install --no-cache-dir flask==0.12 \
    gunicorn
