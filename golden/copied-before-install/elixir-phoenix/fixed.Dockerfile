FROM elixir:1.16-slim AS build
ENV MIX_ENV=prod
WORKDIR /src

COPY mix.exs mix.lock ./
COPY config/config.exs config/prod.exs config/

RUN mix local.hex --force && mix local.rebar --force
RUN mix deps.get --only $MIX_ENV
RUN mix deps.compile

# everything at once
COPY . .
RUN mix compile
RUN mix release

FROM debian:bookworm-slim
COPY --from=build /src/_build/prod/rel/hello /opt/hello
CMD ["/opt/hello/bin/hello", "start"]
