FROM eclipse-temurin:21 AS build
WORKDIR /app
COPY . .
RUN ./mvnw -q package -DskipTests && mv target/front-0.9.0.jar app.jar

FROM eclipse-temurin:21-jre
WORKDIR /app
COPY --from=build /app/app.jar /app/app.jar
EXPOSE 8080
CMD java $JAVA_OPTS -jar app.jar
