FROM debian:bookworm
RUN apt-get -q update; apt-get install -yq make; apt install -y gcc; apt-get autoremove -y
