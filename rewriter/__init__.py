"""dockerslim rewrites a Dockerfile so that its image gets smaller, rebuilds faster and runs without root."""
