FROM ruby:3.3 AS build
WORKDIR /app
COPY . .
RUN bundle install

FROM ruby:3.3-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        git \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY . .
COPY --from=build /usr/local/bundle/ /usr/local/bundle/
VOLUME /data
CMD ["bundle", "exec", "exe/mailer"]
