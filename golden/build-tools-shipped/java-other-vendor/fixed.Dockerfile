FROM openjdk:17-jdk-slim AS build
WORKDIR /app
COPY src ./src
RUN mkdir -p out && javac -d out src/org/example/Bell.java

FROM eclipse-temurin:17-jre
WORKDIR /app
COPY --from=build /app/ /app/
CMD ["java", "-cp", "out", "org.example.Bell"]
