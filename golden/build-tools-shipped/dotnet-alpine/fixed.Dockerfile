FROM mcr.microsoft.com/dotnet/sdk:8.0-alpine AS build
WORKDIR /source
COPY . .
RUN dotnet publish Gateway -c Release -o /srv/gateway

FROM mcr.microsoft.com/dotnet/aspnet:8.0-alpine
RUN apk add --no-cache icu-data-full icu-libs tzdata
ENV DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=false
COPY --from=build /srv/gateway/ /srv/gateway/
ENV ASPNETCORE_HTTP_PORTS=9000
WORKDIR /srv/gateway
USER app
ENTRYPOINT ["./Gateway"]
