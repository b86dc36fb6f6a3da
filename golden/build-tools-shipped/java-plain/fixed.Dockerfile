FROM openjdk:8-jdk-slim AS build
COPY . /usr/src/clock
WORKDIR /usr/src/clock
RUN javac -encoding UTF-8 Clock.java

FROM openjdk:8-jre-slim
WORKDIR /usr/src/clock
COPY --from=build /usr/src/clock/ /usr/src/clock/
CMD ["java", "Clock"]
