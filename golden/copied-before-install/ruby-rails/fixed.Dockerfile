FROM ruby:3.3
WORKDIR /rails
ENV RAILS_ENV=production \
    BUNDLE_DEPLOYMENT=1
RUN gem install bundler -v 2.5.11
COPY Gemfile Gemfile.lock .ruby-version ./
RUN bundle install
COPY . .
RUN bundle exec rake assets:precompile
CMD ["bin/rails", "server", "-b", "0.0.0.0"]
