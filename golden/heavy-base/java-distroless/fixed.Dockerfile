FROM eclipse-temurin:17-jdk AS build
WORKDIR /src
COPY . .
RUN ./gradlew bootJar

FROM gcr.io/distroless/java17-debian13
WORKDIR /app
COPY --from=build /src/build/libs/shop.jar shop.jar
ENV JAVA_TOOL_OPTIONS=-XX:MaxRAMPercentage=80
EXPOSE 8080
CMD ["shop.jar"]
