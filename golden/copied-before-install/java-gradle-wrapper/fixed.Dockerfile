FROM eclipse-temurin:21-jdk AS build
WORKDIR /workspace
COPY gradlew gradle.properties ./
COPY gradle/wrapper/ gradle/wrapper/
RUN ./gradlew --version
COPY . .
RUN ./gradlew bootJar -x test

FROM eclipse-temurin:21-jre
COPY --from=build /workspace/build/libs/shop-1.4.0.jar /app.jar
CMD ["java", "-jar", "/app.jar"]
