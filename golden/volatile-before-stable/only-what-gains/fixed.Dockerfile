FROM debian:12-slim
WORKDIR /srv/app
RUN apt-get update && apt-get install -y --no-install-recommends curl make && rm -rf /var/lib/apt/lists/*
COPY . .
ARG BUILD_VERSION
RUN apt-get update && apt-get install -y --no-install-recommends agent=$BUILD_VERSION && rm -rf /var/lib/apt/lists/*
RUN make
CMD ["./serve"]
