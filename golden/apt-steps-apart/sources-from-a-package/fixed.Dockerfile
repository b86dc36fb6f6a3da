FROM debian:12

RUN apt-get update && apt-get install -y ca-certificates vendor-archive-keyring \
    && apt-get update && apt-get install -y vendor-agent \
    && apt-get install -y -t bookworm-backports golang \
    && apt-get install -y ./agent-plugins.deb

EXPOSE 8125
ENTRYPOINT ["vendor-agent"]
