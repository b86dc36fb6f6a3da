FROM amazoncorretto:17-al2023-headful
WORKDIR /srv
COPY target/shop-0.0.1-SNAPSHOT.jar shop.jar
CMD ["java", "-jar", "shop.jar"]
