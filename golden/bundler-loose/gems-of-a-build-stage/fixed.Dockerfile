FROM ruby:3.3 AS gems
WORKDIR /rails
COPY Gemfile Gemfile.lock ./
ENV BUNDLE_FROZEN=1
RUN bundle install

FROM ruby:3.3-slim
ENV RAILS_ENV=production
WORKDIR /rails
COPY --from=gems /usr/local/bundle/ /usr/local/bundle/
COPY . .
CMD ["bundle", "exec", "rails", "server"]
