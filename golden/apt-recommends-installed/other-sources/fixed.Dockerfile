# unzip could come from the other archive, so this is not proven to change nothing.
FROM debian:bookworm
RUN apt-get update && apt-get install -y --no-install-recommends unzip && rm -rf /var/lib/apt/lists/*
RUN echo "deb http://archive.example.org/debian stable main" > /etc/apt/sources.list.d/example.list
RUN apt-get update && apt-get install -y -- zip && rm -rf /var/lib/apt/lists/*
RUN apt-get update && apt-get install -y lsb-release && rm -rf /var/lib/apt/lists/*
CMD ["unzip", "-h"]
