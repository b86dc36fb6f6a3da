FROM ruby:3.3 AS build
WORKDIR /usr/src/app
COPY Gemfile Gemfile.lock ./
ENV BUNDLE_FROZEN=1
RUN bundle install

FROM ruby:3.3-slim
WORKDIR /usr/src/app
ENV BUNDLE_FROZEN=1
RUN groupadd --gid 10001 app && useradd -l --uid 10001 --gid app --create-home app
COPY --from=build /usr/local/bundle/ /usr/local/bundle/
COPY . .
USER 10001:10001
EXPOSE 4567
CMD ["bundle", "exec", "rackup", "--host", "0.0.0.0", "--port", "4567"]
