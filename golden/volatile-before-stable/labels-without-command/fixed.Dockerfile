FROM alpine:3.20

ARG EXTRA

# the tools themselves
RUN apk add --no-cache \
    jq \
    # for the backups
    rsync

# which commit this is
ARG VCS_REF
# and when it was built
ARG BUILD_DATE
LABEL org.label-schema.vcs-ref="$VCS_REF" \
      # an RFC 3339 date
      org.label-schema.build-date="$BUILD_DATE" \
      org.label-schema.name="tools"
