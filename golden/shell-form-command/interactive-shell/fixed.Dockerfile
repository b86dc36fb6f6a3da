FROM debian:bookworm-slim
SHELL ["/bin/bash", "-i", "-c"]
CMD exec python3 -m http.server 8000
