FROM maven:3.9-eclipse-temurin-21 AS build
WORKDIR /workspace
COPY pom.xml .
RUN mvn dependency:go-offline
COPY src ./src
RUN mvn clean package

FROM eclipse-temurin:21-jre
COPY --from=build /workspace/target/shop-1.4.0-SNAPSHOT.jar /app.jar
CMD ["java", "-jar", "/app.jar"]
