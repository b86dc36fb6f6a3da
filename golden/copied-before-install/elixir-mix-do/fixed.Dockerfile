FROM elixir:1.16-slim
WORKDIR /app
RUN mix do local.hex --force, local.rebar --force
ENV MIX_ENV=prod
COPY mix.exs mix.lock ./
COPY config/config.exs config/prod.exs config/
RUN mix do deps.get --only prod, deps.compile
COPY . .
RUN mix do deps.get --only prod, deps.compile, compile
CMD ["mix", "phx.server"]
