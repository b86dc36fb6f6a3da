FROM eclipse-temurin:21-jdk-alpine AS build
WORKDIR /srv/ledger
COPY . .
RUN chmod +x mvnw && ./mvnw -B package dependency:copy-dependencies

FROM eclipse-temurin:21-jre-alpine
WORKDIR /srv/ledger
COPY --from=build /srv/ledger/ /srv/ledger/
EXPOSE 9000
CMD ["java", "-cp", "target/ledger-1.4.jar:target/dependency/*", "org.example.Ledger"]
