FROM fedora:40
RUN dnf -y install \
        httpd \
        mod_ssl \
# Keep the layer small
        && dnf clean all && rm -rf /var/cache/dnf
COPY site/ /var/www/html/
CMD ["/usr/sbin/httpd", "-DFOREGROUND"]
