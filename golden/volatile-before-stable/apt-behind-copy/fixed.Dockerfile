FROM debian:12-slim
WORKDIR /srv/report

# charts are drawn with graphviz
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        # the fonts of the printed page
        fonts-dejavu-core \
        graphviz \
    && rm -rf /var/lib/apt/lists/*

# the whole project
COPY . .

RUN ./configure && make
CMD ["./report"]
