FROM alpine:3.20
RUN apk add --no-cache shadow \
 && useradd -l -u '200000' -m app
