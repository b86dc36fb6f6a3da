FROM registry.example.org/team/base:7
RUN apt-get update && apt-get install -y curl
# the program that apt is may be asked for
RUN which apt && echo "apt install" > /dev/null && man apt
