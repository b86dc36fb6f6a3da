FROM maven:3.9-eclipse-temurin-21 AS build
WORKDIR /app
COPY pom.xml ./
RUN mvn -B -DskipTests dependency:go-offline
COPY . .
RUN mvn -B clean package -DskipTests

FROM gcr.io/distroless/java21-debian13
WORKDIR /app
COPY --from=build /app/target/shop-2.0.1.jar /app/target/shop-2.0.1.jar
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["java", "-jar", "target/shop-2.0.1.jar"]
