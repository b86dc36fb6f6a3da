FROM ruby:3.2
WORKDIR /app
COPY . .
RUN bundle install
CMD RACK_ENV=production exec bundle exec rackup -o 0.0.0.0
