FROM maven:3.9-eclipse-temurin-21 AS build
WORKDIR /build
COPY pom.xml .
RUN mvn -B dependency:go-offline
COPY src src
RUN mvn -B package -DskipTests

FROM eclipse-temurin:21-jre
WORKDIR /opt/orders
RUN groupadd --gid 10001 app && useradd -l --uid 10001 --gid app --create-home app
COPY --from=build /build/target/orders.jar orders.jar
RUN mkdir -p /opt/orders/logs && chown -R app:app /opt/orders/logs
USER 10001:10001
EXPOSE 8080
ENTRYPOINT ["java", "-jar", "orders.jar"]
