FROM eclipse-temurin:21-jre-alpine
RUN addgroup -S spring && adduser -S -G spring -u 1001 spring
RUN mkdir -p /data/index && chown -R spring:spring /data
RUN chmod -R u+rwX,go+rX /data/index
COPY app.jar /app.jar
USER 1001
ENTRYPOINT ["java", "-jar", "/app.jar"]
