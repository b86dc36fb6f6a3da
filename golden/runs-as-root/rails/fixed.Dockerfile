FROM ruby:3.3-slim

WORKDIR /rails

RUN apt-get update -qq && \
    apt-get install --no-install-recommends -y build-essential libpq-dev libvips && \
    rm -rf /var/lib/apt/lists/*

RUN groupadd --gid 10001 app && useradd -l --uid 10001 --gid app --create-home app

COPY Gemfile Gemfile.lock ./
RUN bundle install

COPY . .

# Precompiled when the image is built
RUN SECRET_KEY_BASE_DUMMY=1 ./bin/rails assets:precompile

RUN mkdir -p /rails/db /rails/log /rails/storage /rails/tmp \
    && chown -R app:app /rails/db /rails/log /rails/storage /rails/tmp
USER 10001:10001
EXPOSE 3000
CMD ["./bin/rails", "server", "-b", "0.0.0.0"]
