FROM fedora:41
RUN dnf install -y wget && wget -nv https://example.org/tool.rpm
FROM registry.example.org/team/el:9
RUN yum install -y wget \
 && wget -nv https://example.org/tool.rpm
FROM registry.example.org/team/deb:9
RUN apt-get install -y wget && wget --progress=dot:giga https://example.org/tool.deb
