# syntax=docker/dockerfile:1
FROM fedora:40
# everything that the server needs
RUN <<EOF
dnf install -y --setopt=install_weak_deps=False nginx
dnf clean all
EOF

COPY src/ /srv/app/src/
COPY conf/ /srv/app/conf/

CMD ["nginx", "-g", "daemon off;"]
