FROM ruby:3.3 AS build
RUN apt-get update
RUN apt-get install -y libidn12 graphviz
WORKDIR /app
COPY . .
RUN bundle install

FROM ruby:3.3-slim
RUN apt-get update \
    && apt-get install -y \
        graphviz \
        libidn12 \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY . .
COPY --from=build /usr/local/bundle/ /usr/local/bundle/
RUN ln -sf /data/rackup.conf /etc/rackup.conf
CMD ["bundle", "exec", "rackup"]
