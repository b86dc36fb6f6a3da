FROM ruby:3.3-bookworm AS build
WORKDIR /usr/src/app
COPY Gemfile Gemfile.lock ./
RUN bundle install

FROM ruby:3.3-slim-bookworm
WORKDIR /usr/src/app
COPY --from=build /usr/local/bundle/ /usr/local/bundle/
COPY . .
RUN useradd --system app
USER app
EXPOSE 4567
CMD ["bundle", "exec", "rackup", "--host", "0.0.0.0", "--port", "4567"]
