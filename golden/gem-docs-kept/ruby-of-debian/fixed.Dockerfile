FROM debian:bookworm-slim

RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      build-essential \
      ruby \
      ruby-dev \
 && rm -rf /var/lib/apt/lists/*

# linters for the documentation
RUN gem install --no-document mdl -v 0.13.0 \
 && gem i --no-document asciidoctor rouge

WORKDIR /docs
ENTRYPOINT ["mdl"]
