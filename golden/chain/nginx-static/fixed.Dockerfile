FROM nginx:1.27
LABEL maintainer='"Docs Team" docs@example.org'

# the editors want to look around in the container
RUN apt-get update; apt-get install -y --no-install-recommends less; \
    apt-get clean \
    && rm -rf /var/lib/apt/lists/*

RUN rm -rf /usr/share/nginx/html/*
COPY nginx.conf /etc/nginx/nginx.conf
WORKDIR /usr/share/nginx
COPY site html
WORKDIR /usr/share/nginx/html
COPY docker-entrypoint.sh /
RUN chmod +x /docker-entrypoint.sh

EXPOSE 80/tcp 443/tcp
STOPSIGNAL SIGQUIT
ENTRYPOINT ["/docker-entrypoint.sh"]
CMD ["nginx", "-g", "daemon off;"]
