FROM debian:12-slim

RUN apt-get update && apt-get install -y --no-install-recommends python3 \
    && rm -rf /var/lib/apt/lists/*

RUN groupadd --gid 10001 app && useradd -l --uid 10001 --gid app --create-home app

RUN [ ! -d /archive ] && mkdir /archive
RUN mkdir -p /opt/tables && python3 -c "print('a,b')" > /opt/tables/first.csv

COPY watch.py /usr/local/bin/watch.py

RUN chown -R app:app /archive
USER 10001:10001

EXPOSE 5000

CMD ["python3", "/usr/local/bin/watch.py", "-d", "/archive"]
