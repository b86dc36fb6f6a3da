FROM debian:12 AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/* && useradd -m dev
USER dev
COPY --chown=dev:dev src /home/dev/src
COPY --chown=dev:dev conf/app.ini /home/dev/app.ini
RUN mkdir /home/dev/src/out && gcc -o /home/dev/src/out/app /home/dev/src/main.c
RUN sed -i s/info/warn/ /home/dev/app.ini

FROM debian:12-slim
COPY --from=build /home/dev/src/out/app /usr/local/bin/
CMD ["app"]
