# syntax=docker/dockerfile:1
FROM debian:12
RUN <<END
    set -e
    # the vendor's own packages
    curl -fsSL https://packages.example.org/key.asc > /usr/share/keyrings/example.asc
    echo "deb [signed-by=/usr/share/keyrings/example.asc] https://packages.example.org stable main" > /etc/apt/sources.list.d/example.list
END
RUN apt-get update && apt-get install -y example-server && rm -rf /var/lib/apt/lists/*
CMD ["example-server"]
