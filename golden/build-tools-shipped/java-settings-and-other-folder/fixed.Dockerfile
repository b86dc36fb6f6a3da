FROM maven:3-eclipse-temurin-11 AS build
COPY settings.xml /root/.m2/settings.xml
WORKDIR /src
COPY . .
RUN mvn -B package
RUN mkdir -p /app && cp target/queue-1.4.jar /app/queue.jar

FROM eclipse-temurin:11-jre
COPY --from=build /app/queue.jar /app/queue.jar
WORKDIR /app
CMD ["java", "-jar", "queue.jar"]
