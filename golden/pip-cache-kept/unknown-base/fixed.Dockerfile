FROM registry.example.org/base/alpine-tools:4

RUN apk add --no-cache python3 py3-pip
COPY requirements.txt /tmp/
RUN pip3 install --no-cache-dir -r /tmp/requirements.txt && rm /tmp/requirements.txt
ENTRYPOINT ["/usr/local/bin/report"]
