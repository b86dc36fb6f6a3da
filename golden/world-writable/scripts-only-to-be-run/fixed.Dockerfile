FROM debian:bookworm-slim
COPY docker/wait-for docker/entrypoint.sh /opt/
RUN chmod 755 /opt/entrypoint.sh
RUN chmod ugo+rwx /usr/local/bin/*.sh /opt/start.sh || true
ENTRYPOINT ["/opt/entrypoint.sh"]
