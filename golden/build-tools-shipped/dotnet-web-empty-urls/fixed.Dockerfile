FROM mcr.microsoft.com/dotnet/sdk:6.0-bullseye-slim AS build
WORKDIR /app
COPY . .
# tests first
RUN dotnet test Shop.Tests
RUN dotnet publish Shop/Shop.csproj -c Release -o out

FROM mcr.microsoft.com/dotnet/aspnet:6.0-bullseye-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        curl \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
# The image of the SDK has no ASPNETCORE_URLS, so that the program listens where it did
ENV ASPNETCORE_URLS=
COPY --from=build /app/out/ /app/out/
EXPOSE 5000
HEALTHCHECK --interval=30s CMD curl -f http://localhost:5000/ || exit 1
CMD ["dotnet", "out/Shop.dll"]
