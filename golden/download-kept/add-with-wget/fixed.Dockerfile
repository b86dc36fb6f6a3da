from debian:12-slim
run apt-get update && apt-get install -y wget && rm -rf /var/lib/apt/lists/*
run wget -q -O /tmp/agent.deb https://example.org/pkg/agent.deb && dpkg -i /tmp/agent.deb && \
    rm /tmp/agent.deb
