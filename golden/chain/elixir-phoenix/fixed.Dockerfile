FROM elixir:1.17 AS build
RUN apt-get update && apt-get install -y build-essential git
WORKDIR /app
ENV MIX_ENV=prod
COPY mix.exs mix.lock ./
RUN mix local.hex --force && mix local.rebar --force
RUN mix deps.get --only prod
COPY . .
RUN mix compile
RUN mix release

FROM elixir:1.17-slim
WORKDIR /app
ENV MIX_ENV=prod
COPY --from=build /app/_build/prod/rel/hello/ /app/_build/prod/rel/hello/
EXPOSE 4000
CMD ["/app/_build/prod/rel/hello/bin/hello", "start"]
