FROM maven:3.9-eclipse-temurin-11 AS build
WORKDIR /srv/quiz
COPY . .
RUN mvn -B package

FROM eclipse-temurin:11-jre
WORKDIR /srv/quiz
COPY --from=build /srv/quiz/ /srv/quiz/
CMD exec java -jar target/quiz-*.jar
