FROM eclipse-temurin:21-jre
WORKDIR /opt/ledger
COPY target/ledger.jar .
ENTRYPOINT exec java -jar ledger.jar
CMD ["--help"]
