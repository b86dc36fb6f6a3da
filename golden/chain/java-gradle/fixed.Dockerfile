FROM gradle:8.7-jdk17 AS build
WORKDIR /home/gradle/src
COPY . .
RUN gradle bootJar --no-daemon

FROM eclipse-temurin:17-jre
LABEL maintainer="Depot team"
WORKDIR /home/gradle/src
COPY --from=build /home/gradle/src/ /home/gradle/src/
EXPOSE 8080
CMD java -jar build/libs/*.jar
