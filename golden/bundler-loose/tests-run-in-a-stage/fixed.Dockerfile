FROM ruby:3.3-alpine AS app

ENV RACK_ENV=production
WORKDIR /srv

RUN apk add --no-cache build-base

COPY Gemfile* ./
ENV BUNDLE_FROZEN=1
RUN gem update --system --no-document && \
    bundle install --jobs "$(nproc)"

COPY . .
USER nobody
EXPOSE 4567
CMD ["bundle", "exec", "rackup", "--host", "0.0.0.0", "--port", "4567"]

FROM app AS test
RUN bundle exec rake test
