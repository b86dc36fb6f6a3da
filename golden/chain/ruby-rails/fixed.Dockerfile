FROM ruby:3.3 AS build
RUN apt-get update -qq && apt-get install -y libpq-dev
RUN mkdir /app
WORKDIR /app
COPY Gemfile Gemfile.lock /app/
RUN gem install bundler
ENV BUNDLE_FROZEN=1 BUNDLE_WITHOUT=development:test
RUN bundle install
COPY . /app
ENV RAILS_ENV=production
RUN SECRET_KEY_BASE_DUMMY=1 bundle exec rake assets:precompile

FROM ruby:3.3-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libpq5 \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
ENV BUNDLE_FROZEN=1 BUNDLE_WITHOUT=development:test
ENV RAILS_ENV=production
RUN groupadd --gid 10001 app && useradd -l --uid 10001 --gid app --create-home app
COPY --from=build /usr/local/bundle/ /usr/local/bundle/
COPY --from=build /app/ /app/
RUN mkdir -p /app/db /app/log /app/storage /app/tmp \
    && chown -R app:app /app/db /app/log /app/storage /app/tmp
USER 10001:10001
EXPOSE 3000
CMD ["bundle", "exec", "rails", "server", "-b", "0.0.0.0"]
