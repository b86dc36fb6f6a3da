FROM mcr.microsoft.com/dotnet/sdk:8.0 AS build
WORKDIR /src
COPY Store/Store.csproj Store/
RUN dotnet restore Store/Store.csproj
COPY . .
RUN dotnet publish Store/Store.csproj -c Release -o /app

FROM mcr.microsoft.com/dotnet/aspnet:8.0-noble-chiseled-extra
COPY --from=build /app/ /app/
WORKDIR /app
EXPOSE 8080
ENTRYPOINT ["dotnet", "Store.dll"]
