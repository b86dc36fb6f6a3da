FROM registry.access.redhat.com/ubi9/ubi-minimal:9.3
RUN microdnf install python3 \
    && microdnf install dnf \
    && microdnf clean all \
    && dnf install -y gcc \
    && dnf clean all
