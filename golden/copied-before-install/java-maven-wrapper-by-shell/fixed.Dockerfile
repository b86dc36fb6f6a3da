FROM eclipse-temurin:21-jdk AS build
WORKDIR /app
COPY mvnw pom.xml /app/
COPY .mvn/ /app/.mvn/
RUN sh mvnw -Pprod dependency:go-offline
COPY . /app
RUN sh mvnw package -Pprod

FROM eclipse-temurin:21-jre
COPY --from=build /app/target/shop-1.4.0-SNAPSHOT.jar /app.jar
CMD ["java", "-jar", "/app.jar"]
