FROM alpine:3.20
RUN apk add --no-cache mosquitto-clients tzdata
RUN addgroup -S bridge && adduser -S -G bridge bridge
COPY bridge/ /srv/bridge/
WORKDIR /srv/bridge
USER bridge
CMD ["./run.sh"]
