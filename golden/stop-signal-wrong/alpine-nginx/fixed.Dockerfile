FROM node:20-alpine AS site
WORKDIR /site
COPY . .
RUN npm ci && npm run build

FROM alpine:3.20
RUN apk add --no-cache nginx
COPY nginx.conf /etc/nginx/nginx.conf
COPY --from=site /site/public /var/www

EXPOSE 8080

STOPSIGNAL SIGQUIT

# The configuration keeps it in the foreground.
ENTRYPOINT ["nginx"]
CMD ["-c", "/etc/nginx/nginx.conf"]
