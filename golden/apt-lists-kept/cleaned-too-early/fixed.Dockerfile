FROM ubuntu:16.04
# the mirror's lists are often broken: start afresh
RUN rm -rf /var/lib/apt/lists/* && apt-get update && apt-get install -y openjdk-8-jdk \
    && rm -rf /var/lib/apt/lists/*
COPY target/service.jar /service.jar
CMD ["java", "-jar", "/service.jar"]
