FROM debian:12-slim AS fonts
RUN apt-get update && apt-get install -y fontconfig

FROM debian:12-slim
ENV DEBIAN_FRONTEND=noninteractive

RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        # the proxy itself
        nginx-light \
        # for envsubst
        gettext-base \
    && apt-get clean \
    && rm -rf /var/lib/apt/lists/*

COPY --from=fonts /usr/share/fonts /usr/share/fonts
COPY nginx.conf /etc/nginx/nginx.conf
RUN ln -sf /dev/stdout /var/log/nginx/access.log
EXPOSE 8080
CMD ["nginx", "-g", "daemon off;"]
