FROM ruby:2.7
WORKDIR /usr/src/app
COPY . .
RUN gem install bundler:2.4.22 && \
    bundle install --without development test && \
    rm -rf /usr/local/bundle/cache ~/.bundle/cache && \
    bundle exec rake assets:precompile
CMD ["bin/rails", "server", "-b", "0.0.0.0"]
