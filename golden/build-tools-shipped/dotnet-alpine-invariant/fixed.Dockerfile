FROM mcr.microsoft.com/dotnet/sdk:9.0-alpine3.21 AS build
WORKDIR /source
COPY . .
RUN dotnet publish -c Release -o /srv

FROM mcr.microsoft.com/dotnet/aspnet:9.0-alpine3.21
COPY --from=build /srv/ /srv/
WORKDIR /srv
CMD ["dotnet", "Beacon.dll"]
