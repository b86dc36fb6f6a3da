FROM ruby:3.3-bookworm AS build
WORKDIR /usr/src/app
COPY Gemfile Gemfile.lock ./
RUN bundle install

FROM ruby:3.3-slim-bookworm
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        git \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /usr/src/app
COPY --from=build /usr/local/bundle/ /usr/local/bundle/
COPY . .
RUN useradd --system app
USER app
EXPOSE 4567
CMD ["bundle", "exec", "rackup", "--host", "0.0.0.0", "--port", "4567"]
