FROM fedora:40
SHELL ["/bin/bash", "-eo", "pipefail", "-c"]

RUN dnf install -y httpd; dnf clean all; systemctl enable httpd
RUN for package in php php-xml; do dnf install -y "$package"; done; dnf clean all
RUN dnf install -y jq && dnf clean all
SHELL ["/bin/sh", "-c"]
RUN set -x; dnf install -y tar && dnf clean all; tar --version
