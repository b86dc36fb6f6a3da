FROM cimg/base:2024.01
# the image runs as circleci
USER circleci
RUN sudo -E apt-get update && sudo -E apt-get install -y graphviz \
    && sudo -E rm -rf /var/lib/apt/lists/*
RUN sudo apt-get update && sudo apt-get install -y plantuml | tee /tmp/log && sudo rm -rf /var/lib/apt/lists/*
WORKDIR /home/circleci/project
