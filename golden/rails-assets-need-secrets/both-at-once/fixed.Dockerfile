FROM ruby:3.3-slim
WORKDIR /app
COPY . .
RUN bundle install && RAILS_ENV=production SECRET_KEY_BASE_DUMMY=1 ./bin/rails assets:precompile
CMD ["./bin/rails", "server"]
