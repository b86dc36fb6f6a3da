FROM alpine:3.18
RUN apk add --no-cache curl && rm -rf /var/cache/misc
RUN apk --no-cache add jq && make -v; rm -rf /var/cache/*
CMD ["curl", "--version"]
