FROM ubuntu:22.04
WORKDIR /opt/driver
COPY vendor/notes.txt vendor/tools.conf /tmp/
RUN --mount=type=bind,source=vendor/driver_2.4_amd64.deb,target=/tmp/driver_2.4_amd64.deb \
    --mount=type=bind,source=vendor/licence-2.4.deb,target=/tmp/licence.deb \
    dpkg -i /tmp/driver_2.4_amd64.deb && dpkg --install /tmp/licence.deb && rm /tmp/notes.txt

RUN --mount=type=cache,target=/var/cache/driver \
    --mount=type=bind,source=data.tar.gz,target=/opt/driver/data.tar.gz \
    tar -xzf data.tar.gz && driver --index
CMD ["driver", "--serve"]
