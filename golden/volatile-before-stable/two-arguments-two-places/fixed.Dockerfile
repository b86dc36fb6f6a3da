FROM debian:12-slim
RUN apt-get update && apt-get install -y --no-install-recommends git make && rm -rf /var/lib/apt/lists/*
ARG GIT_SHA
RUN echo "$GIT_SHA" > /etc/commit
RUN apt-get update && apt-get install -y --no-install-recommends graphviz && rm -rf /var/lib/apt/lists/*
ARG BUILD_DATE
LABEL org.opencontainers.image.created=$BUILD_DATE
CMD ["make"]
