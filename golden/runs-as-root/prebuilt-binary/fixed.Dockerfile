FROM debian:12-slim
COPY --chmod=755 share /usr/local/bin/
USER 10001:10001
EXPOSE 8080
ENTRYPOINT ["share"]
