FROM hexpm/elixir:1.17.2-erlang-27.0.1-debian-bookworm-20240722-slim AS build

RUN apt-get update -y && apt-get install -y build-essential git \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /app
ENV MIX_ENV=prod

RUN mix local.hex --force && mix local.rebar --force

COPY mix.exs mix.lock ./
RUN mix deps.get --only $MIX_ENV
COPY config config
RUN mix deps.compile

COPY . .
RUN mix do assets.deploy, compile
RUN mix release

FROM debian:bookworm-20240722-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        ca-certificates \
        libncurses6 \
        libstdc++6 \
        openssl \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
ENV MIX_ENV=prod
ENV LANG=C.UTF-8
COPY --from=build /app/_build/prod/rel/hello/ /app/_build/prod/rel/hello/

ENV PHX_SERVER=true
EXPOSE 4000
CMD ["/app/_build/prod/rel/hello/bin/hello", "start"]
