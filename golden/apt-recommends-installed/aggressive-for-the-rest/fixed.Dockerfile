FROM debian:bookworm
RUN apt-get update && apt-get install -y --no-install-recommends "$EXTRA_PACKAGES" nginx && rm -rf /var/lib/apt/lists/*
CMD ["nginx", "-g", "daemon off;"]
