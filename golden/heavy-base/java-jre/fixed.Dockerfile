FROM maven:3.9-eclipse-temurin-21 AS build
WORKDIR /src
COPY . .
RUN mvn package

FROM eclipse-temurin:21-jre
RUN groupadd -r web && useradd -r -g web web
WORKDIR /app
COPY --from=build /src/target/shop-0.0.1-SNAPSHOT.jar app.jar
USER web
EXPOSE 8080
ENTRYPOINT ["java", "-jar", "app.jar"]
