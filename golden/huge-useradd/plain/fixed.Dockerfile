FROM debian:12-slim
# the id that the cluster's policy asks for
RUN groupadd --gid 1000790000 app && useradd -l --create-home --uid 1000790000 --gid app app
USER app
