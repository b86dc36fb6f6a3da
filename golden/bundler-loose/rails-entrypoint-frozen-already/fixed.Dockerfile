FROM ruby:3.3

# throw errors if Gemfile has been modified since Gemfile.lock
RUN bundle config --global frozen 1

RUN apt-get update -qq \
    && apt-get install -y --no-install-recommends libpq-dev \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /usr/src/app

COPY Gemfile Gemfile.lock ./
ENV BUNDLE_WITHOUT=development:test
# native extensions take a while
RUN bundle install --jobs 4 --retry 3

COPY . .
RUN chmod +x docker/entrypoint.sh

ENV RAILS_ENV=production \
    RAILS_LOG_TO_STDOUT=1

EXPOSE 3000
ENTRYPOINT ["docker/entrypoint.sh"]
CMD ["bin/rails", "server", "-b", "0.0.0.0"]
