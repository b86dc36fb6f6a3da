FROM gradle:8.5-jdk21 AS build
WORKDIR /home/gradle/app
COPY . .
RUN gradle --no-daemon clean bootJar

FROM eclipse-temurin:21-jre
WORKDIR /home/gradle/app
COPY --from=build /home/gradle/app/build/libs/tickets-0.3.1.jar /home/gradle/app/build/libs/tickets-0.3.1.jar
EXPOSE 8081
HEALTHCHECK CMD curl -f http://localhost:8081/actuator/health || exit 1
CMD java $JAVA_OPTS -jar build/libs/tickets-0.3.1.jar
