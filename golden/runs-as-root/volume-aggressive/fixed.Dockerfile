FROM alpine:3.20
RUN apk add --no-cache python3
WORKDIR /wiki
RUN addgroup -g 10001 app && adduser -D -u 10001 -G app app
COPY wiki.py .
RUN mkdir -p /wiki/pages && chown -R app:app /wiki/pages
USER 10001:10001
VOLUME /wiki/pages
EXPOSE 8080
CMD ["python3", "wiki.py"]
