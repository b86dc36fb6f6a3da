FROM mcr.microsoft.com/dotnet/sdk:8.0 AS build
WORKDIR /source
COPY NuGet.config Directory.Build.props Directory.Packages.props ./
COPY src/Store.Web/Store.Web.csproj src/Store.Web/
COPY src/Store.Domain/Store.Domain.csproj src/Store.Domain/
RUN dotnet restore "src/Store.Web/Store.Web.csproj" -r linux-x64 -p:SelfContained=true
COPY . ./
RUN dotnet publish "src/Store.Web/Store.Web.csproj" -c Release -r linux-x64 --self-contained true -o /out

FROM mcr.microsoft.com/dotnet/runtime-deps:8.0
COPY --from=build /out /app
ENTRYPOINT ["/app/Store.Web"]
