"""Building both sides of a Dockerfile from a private copy of its context."""
