FROM ruby:3.3-slim

RUN apt-get update && apt-get install -y --no-install-recommends build-essential && rm -rf /var/lib/apt/lists/*

WORKDIR /app
COPY Gemfile Gemfile.lock ./

RUN bundle config set --local without 'development test' \
    && bundle install --jobs 4 --retry 3

COPY . .

CMD ["bundle", "exec", "puma", "-p", "9292"]
