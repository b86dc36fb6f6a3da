FROM ruby:3.2-slim
WORKDIR /app

# first the gems: they change rarely
COPY Gemfile Gemfile.lock ./
RUN bundle install --jobs 4 && rm -rf /usr/local/bundle/cache ~/.bundle/cache

COPY . .
CMD ["bundle", "exec", "puma", "-C", "config/puma.rb"]
