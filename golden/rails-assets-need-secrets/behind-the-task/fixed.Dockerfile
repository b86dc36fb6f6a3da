FROM ruby:3.3-alpine
RUN apk add --no-cache build-base nodejs tzdata
WORKDIR /srv/web
COPY Gemfile* ./
RUN bundle install
COPY . ./
RUN set -eu; \
    bundle exec rake assets:precompile DATABASE_URL=nulldb://localhost SECRET_KEY_BASE_DUMMY=1; \
    rm -rf tmp/cache
USER nobody
CMD ["bundle", "exec", "puma"]
