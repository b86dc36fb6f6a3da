FROM hexpm/elixir:1.17.2-erlang-27.0.1-debian-bookworm-20240722-slim AS builder
WORKDIR /src
COPY . .
ENV MIX_ENV=prod
RUN mix deps.get --only prod && mix release

FROM debian:bookworm-20240722-slim

RUN apt-get update \
    && apt-get install -y --no-install-recommends libstdc++6 openssl libncurses6 locales ca-certificates \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /app
RUN chown nobody /app

COPY --from=builder --chown=nobody:root /src/_build/prod/rel/board ./

USER 65534:65534

EXPOSE 4000

CMD ["/app/bin/server"]
