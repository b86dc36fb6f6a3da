FROM mcr.microsoft.com/dotnet/sdk:8.0 AS build
WORKDIR /source
COPY Store.sln NuGet.config Directory.Build.props Directory.Packages.props ./
COPY src/Store.Web/Store.Web.csproj src/Store.Web/
COPY src/Store.Domain/Store.Domain.csproj src/Store.Domain/
COPY tests/Store.Tests/Store.Tests.csproj tests/Store.Tests/
RUN dotnet restore
COPY . .
RUN dotnet test --no-restore
RUN dotnet publish src/Store.Web -c Release -o /out --no-restore

FROM mcr.microsoft.com/dotnet/aspnet:8.0
COPY --from=build /out /app
ENTRYPOINT ["dotnet", "/app/Store.Web.dll"]
