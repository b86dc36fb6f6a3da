"""A user without root: what the project shows of its needs, which user it is, and how the Dockerfile says so."""
