FROM mcr.microsoft.com/dotnet/sdk:6.0 AS build
WORKDIR /src
COPY . .
RUN dotnet publish -c Release -o /out

FROM mcr.microsoft.com/dotnet/aspnet:6.0-focal AS final
# The image of the SDK has no ASPNETCORE_URLS, so that the program listens where it did
ENV ASPNETCORE_URLS=
RUN mkdir -p /var/catalog
WORKDIR /app
COPY --from=build /out .
ENTRYPOINT ["dotnet", "Catalog.dll"]
