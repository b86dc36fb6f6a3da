"""Java: Maven and Gradle."""
