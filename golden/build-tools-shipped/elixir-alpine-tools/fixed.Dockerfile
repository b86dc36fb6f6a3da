FROM elixir:1.17-alpine AS build
RUN apk add --no-cache build-base git
WORKDIR /app
ENV MIX_ENV=prod
RUN mix local.hex --force && mix local.rebar --force
COPY . .
RUN mix deps.get && mix release

FROM elixir:1.17-alpine
RUN apk add --no-cache libgcc libstdc++
WORKDIR /app
ENV MIX_ENV=prod
COPY --from=build /app/_build/prod/rel/hello/ /app/_build/prod/rel/hello/
CMD ["_build/prod/rel/hello/bin/hello", "start"]
