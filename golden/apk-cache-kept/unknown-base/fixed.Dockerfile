FROM registry.example.org/edge/proxy:12

RUN apk add --no-cache bind-tools
CMD ["proxy"]
