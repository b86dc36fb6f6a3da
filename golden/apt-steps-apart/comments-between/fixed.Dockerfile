FROM debian:bullseye

RUN apt-get update && apt-get install -y \
        build-essential \
        git \
# the image library of the thumbnailer
#  (the one from bullseye-backports is too new)
        && apt-get install -y libvips42 \
# fonts
        && apt-get install -y fonts-dejavu

WORKDIR /srv
COPY . .
CMD ["./serve"]
