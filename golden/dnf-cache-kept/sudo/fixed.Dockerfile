FROM fedora:40
RUN useradd --create-home dev && echo "dev ALL=(ALL) NOPASSWD: ALL" > /etc/sudoers.d/dev
USER dev
RUN sudo -E dnf install -y vim && sudo -E dnf clean all
