FROM maven:3.9-eclipse-temurin-21 AS build
WORKDIR /app
COPY pom.xml /app/
RUN mvn -B -DskipTests dependency:go-offline
COPY . /app
RUN mvn -B clean package -DskipTests

FROM eclipse-temurin:21-jre
LABEL maintainer="shop team <shop@example.org>"
WORKDIR /app
RUN groupadd --gid 10001 app && useradd -l --uid 10001 --gid app --create-home app
COPY --from=build /app/target/shop-2.0.1.jar /app/target/shop-2.0.1.jar
USER 10001:10001
EXPOSE 8080
ENTRYPOINT ["java", "-Xmx512m", "-jar", "target/shop-2.0.1.jar"]
