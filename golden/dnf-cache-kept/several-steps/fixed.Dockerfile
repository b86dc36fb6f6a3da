FROM centos:7
ENV NGINX_VERSION=1.24.0

# EPEL first
RUN yum clean all \
 && yum -y install epel-release \
 && yum clean all

RUN set -ex; \
    yum install -y \
      nginx-${NGINX_VERSION} \
      # certificates
      ca-certificates; \
    yum -y update openssl; \
    yum clean all; \
    systemctl enable nginx
RUN yum install -y wget && yum clean all
RUN yum install -y tar && rm -rf /var/cache/yum
