FROM ruby:3.3-alpine AS build
RUN apk add --no-cache build-base git tzdata
ENV BUNDLE_PATH=vendor/bundle
WORKDIR /srv
COPY . .
RUN bundle install

FROM ruby:3.3-alpine
RUN apk add --no-cache libgcc libstdc++ tzdata
ENV BUNDLE_PATH=vendor/bundle
WORKDIR /srv
COPY . .
COPY --from=build /usr/local/bundle/ /usr/local/bundle/
COPY --from=build /srv/vendor/bundle/ /srv/vendor/bundle/
CMD ["bundle", "exec", "puma"]
