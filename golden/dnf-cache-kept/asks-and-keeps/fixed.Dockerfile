FROM rockylinux:9

RUN dnf install -y httpd && dnf clean all
RUN dnf -y module enable nodejs:20 && \
    dnf install -y nodejs && \
    dnf clean all && \
    npm --version
RUN dnf -y group install "Development Tools" \
    --setopt=install_weak_deps=False \
    && dnf clean all
EXPOSE 80
