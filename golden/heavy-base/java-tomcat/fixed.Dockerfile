FROM tomcat:9.0-jre17-temurin
RUN rm -rf /usr/local/tomcat/webapps/ROOT
COPY target/portal.war /usr/local/tomcat/webapps/ROOT.war
EXPOSE 8080
