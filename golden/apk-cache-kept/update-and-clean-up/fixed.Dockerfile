FROM alpine:3.19

# tzdata is needed for the reports
RUN apk upgrade --no-cache && \
    apk add --no-cache \
        # for the health check
        curl \
        tzdata && \
    cp /usr/share/zoneinfo/Europe/Oslo /etc/localtime

RUN apk --no-cache add ca-certificates && update-ca-certificates && rm -rf /tmp/*
RUN apk add --no-cache -q jq
ENTRYPOINT ["/bin/report"]
