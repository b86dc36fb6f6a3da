FROM ruby:3.3-slim
WORKDIR /app
ENV RAILS_ENV=production
COPY Gemfile Gemfile.lock ./
ENV BUNDLE_FROZEN=1 BUNDLE_WITHOUT=development:test
RUN bundle install
COPY . .
CMD ["bundle", "exec", "puma"]
