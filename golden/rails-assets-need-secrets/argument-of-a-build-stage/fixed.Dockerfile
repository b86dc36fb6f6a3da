FROM ruby:3.3 AS build
WORKDIR /rails
ENV RAILS_ENV=production

COPY Gemfile Gemfile.lock ./
RUN bundle install

COPY . .

# docker build --build-arg RAILS_MASTER_KEY=...
RUN SECRET_KEY_BASE_DUMMY=1 DATABASE_URL=postgresql:does_not_exist \
    bin/rails assets:precompile && \
    rm -rf node_modules tmp/cache

FROM ruby:3.3-slim
WORKDIR /rails
ENV RAILS_ENV=production
COPY --from=build /usr/local/bundle/ /usr/local/bundle/
COPY --from=build /rails/ ./
CMD ["bin/rails", "server", "-b", "0.0.0.0"]
