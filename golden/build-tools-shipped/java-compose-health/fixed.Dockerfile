FROM maven:3.9-eclipse-temurin-17-alpine AS build
WORKDIR /src
COPY . .
RUN mvn -B package

FROM eclipse-temurin:17-jre-alpine
RUN apk add --no-cache curl
WORKDIR /src
COPY --from=build /src/target/api-1.0.jar /src/target/api-1.0.jar
EXPOSE 8080
CMD ["java", "-jar", "target/api-1.0.jar"]
