FROM debian:bookworm-slim
SHELL ["/bin/bash", "-c"]
CMD exec server --data=~/data
