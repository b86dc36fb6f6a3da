FROM gradle:8.10-jdk21-alpine AS builder
COPY . /code
RUN cd /code && gradle --no-daemon installDist

FROM eclipse-temurin:21-jre-alpine
WORKDIR /home/gradle
COPY --from=builder /code/build/install/feeds/ /code/build/install/feeds/
VOLUME ["/var/lib/feeds"]
EXPOSE 80
ENTRYPOINT ["/code/build/install/feeds/bin/feeds"]
CMD ["--port", "80"]
