FROM fedora:40
ARG DEBUG
RUN if [ -n "$DEBUG" ]; then dnf install -y gdb; fi && dnf clean all
