FROM eclipse-temurin:17 AS build

# sources and pages
COPY . /opt/guestbook
WORKDIR /opt/guestbook
RUN mkdir -p classes && javac -d classes src/guestbook/*.java

FROM eclipse-temurin:17-jre
WORKDIR /opt/guestbook
RUN groupadd --gid 10001 app && useradd -l --uid 10001 --gid app --create-home app
COPY --from=build /opt/guestbook/ /opt/guestbook/

USER 10001:10001
EXPOSE 8080
CMD java -cp classes guestbook.Server
