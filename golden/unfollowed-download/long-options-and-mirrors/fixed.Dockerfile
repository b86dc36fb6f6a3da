FROM alpine:3.20 AS fetch
RUN apk add --no-cache curl tar
# The mirror is tried first.
RUN curl --fail \
      --silent \
      --location \
      --output /tmp/geo.tgz \
      https://mirror.example.com/geo.tgz \
    || curl --fail --location --output /tmp/geo.tgz https://data.example.com/geo.tgz
RUN mkdir /geo && tar xzf /tmp/geo.tgz -C /geo

FROM nginx:1.27-alpine
COPY --from=fetch /geo /usr/share/nginx/html
