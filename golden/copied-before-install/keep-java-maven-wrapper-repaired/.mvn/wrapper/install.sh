# Unpacks the distribution below ~/.m2/wrapper once.
MAVEN_HOME=${MAVEN_USER_HOME:-$HOME/.m2}/wrapper/dists/apache-maven-3.9.9
