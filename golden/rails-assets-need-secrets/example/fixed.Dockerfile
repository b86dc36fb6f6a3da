FROM ruby:3.3-slim
WORKDIR /rails
ENV RAILS_ENV=production
COPY . .
RUN bundle install
RUN SECRET_KEY_BASE_DUMMY=1 bundle exec rails assets:precompile
CMD ["bundle", "exec", "rails", "server"]
