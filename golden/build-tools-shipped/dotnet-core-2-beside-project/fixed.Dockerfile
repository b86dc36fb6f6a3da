FROM mcr.microsoft.com/dotnet/core/sdk:2.2 AS build
COPY . /build
WORKDIR /build
RUN dotnet publish server/Radio.csproj -c Release -o dist

FROM mcr.microsoft.com/dotnet/core/aspnet:2.2
COPY --from=build /build/server/dist/ /build/server/dist/
WORKDIR /build/server/dist
CMD ["dotnet", "Radio.dll"]
