FROM elixir:1.16
ENV MIX_ENV=prod
WORKDIR /shop
COPY mix.exs mix.lock ./
COPY apps/shop/mix.exs apps/shop/
COPY apps/shop_web/mix.exs apps/shop_web/
RUN mix local.hex --force
RUN mix deps.get --only prod
COPY config/config.exs config/
RUN mix deps.compile --skip-umbrella-children
COPY . ./
RUN mix compile
CMD ["mix", "run", "--no-halt"]
