# syntax=docker/dockerfile:1
FROM alpine:3.20
RUN <<END
    set -e
    apk add --no-cache nodejs
END
RUN <<END
apk add --no-cache nginx
END
CMD ["node"]
