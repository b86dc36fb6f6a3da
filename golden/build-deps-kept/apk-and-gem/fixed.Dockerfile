FROM ruby:3.3-alpine
RUN apk add --no-cache --virtual .build-deps make musl-dev && gem install --no-document unf_ext && apk del .build-deps
RUN mkdir /data && chown nobody /data
CMD ["ruby", "-v"]
