FROM ruby:3.3 AS gems
WORKDIR /usr/src/app
COPY Gemfile Gemfile.lock ./
RUN bundle install

FROM ruby:3.3-slim
WORKDIR /usr/src/app
COPY --from=gems /usr/local/bundle/ /usr/local/bundle/
COPY . .
CMD ["bundle", "exec", "puma"]
