FROM maven:3.8-openjdk-17
WORKDIR /build
COPY pom.xml ./
COPY parent/pom.xml parent/
COPY lib/taxes.jar lib/
COPY repo/ repo/
RUN mvn dependency:resolve
COPY . .
RUN mvn verify
