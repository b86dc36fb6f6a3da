FROM gcr.io/distroless/java21-debian13
COPY build/libs/api.jar /api.jar
ENTRYPOINT ["java"]
CMD ["-Xmx512m", "-jar", "/api.jar", "--server.port=9000"]
