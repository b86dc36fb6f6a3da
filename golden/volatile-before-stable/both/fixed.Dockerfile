FROM debian:12-slim
WORKDIR /srv/shop
RUN apt-get update && apt-get install -y --no-install-recommends libpq5 && rm -rf /var/lib/apt/lists/*
COPY . .
ARG GIT_SHA
ENV GIT_COMMIT=$GIT_SHA
RUN ./build.sh
CMD ["./serve"]
