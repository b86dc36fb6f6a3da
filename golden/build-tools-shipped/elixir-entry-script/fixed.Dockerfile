FROM elixir:1.17 AS build
WORKDIR /src
ENV MIX_ENV=prod
RUN mix local.hex --force && mix local.rebar --force
COPY . .
RUN mix deps.get && mix release --path /opt/built

FROM elixir:1.17-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        tzdata \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
ENV MIX_ENV=prod
COPY --from=build /opt/built/ /opt/built/
COPY --from=build /src/docker/start.sh /src/docker/start.sh
USER nobody
ENTRYPOINT ["sh", "/src/docker/start.sh"]
