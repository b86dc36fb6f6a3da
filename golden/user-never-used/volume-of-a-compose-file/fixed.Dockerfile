FROM eclipse-temurin:21-jre
RUN useradd --system spring
WORKDIR /app
COPY --chown=spring:spring target/app.jar /app/
RUN chown -R spring /app
CMD java -jar app.jar
