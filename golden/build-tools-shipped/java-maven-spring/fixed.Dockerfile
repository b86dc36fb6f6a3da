FROM maven:3.9-eclipse-temurin-17 AS build

WORKDIR /workspace
COPY pom.xml .
RUN mvn -B dependency:go-offline
COPY src ./src
RUN mvn -B package -DskipTests

FROM eclipse-temurin:17-jre
WORKDIR /workspace
COPY --from=build /workspace/target/orders-1.2.0.jar /workspace/target/orders-1.2.0.jar

# the port of the API
EXPOSE 8080
ENV SERVER_PORT=8080
ENTRYPOINT ["java", "-XX:MaxRAMPercentage=75", "-jar", "target/orders-1.2.0.jar"]
