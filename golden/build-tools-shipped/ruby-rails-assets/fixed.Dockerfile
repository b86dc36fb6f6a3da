FROM ruby:3.3 AS build

RUN curl -fsSL https://deb.nodesource.com/setup_20.x | bash - \
    && apt-get install -y --no-install-recommends nodejs libpq-dev \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /rails
ENV RAILS_ENV=production

COPY Gemfile Gemfile.lock ./
RUN bundle install && bundle exec bootsnap precompile --gemfile

COPY . .
RUN npm ci && SECRET_KEY_BASE_DUMMY=1 bundle exec rails assets:precompile

FROM ruby:3.3-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libpq5 \
        tzdata \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /rails
ENV RAILS_ENV=production
COPY --from=build /usr/local/bundle/ /usr/local/bundle/
COPY --from=build /rails/ /rails/

ENTRYPOINT ["./bin/docker-entrypoint"]
EXPOSE 3000
CMD ["./bin/rails", "server", "-b", "0.0.0.0"]
