FROM maven:3.6-jdk-11-slim AS build
WORKDIR /build
COPY . .
RUN mvn -q package && cp target/mailer-1.4.jar /mailer.jar

FROM openjdk:11-jre-slim AS app
WORKDIR /build
COPY --from=build /mailer.jar /mailer.jar
COPY docker/run.sh /run.sh
VOLUME /spool
USER 1000
ENTRYPOINT ["/run.sh"]
