FROM ruby:3.2
# node is for the asset pipeline
RUN apt-get update && apt-get install -y --no-install-recommends \
    imagemagick \
    nodejs \
    postgresql-client=15+* \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /usr/src/app
COPY Gemfile* ./
RUN bundle install
