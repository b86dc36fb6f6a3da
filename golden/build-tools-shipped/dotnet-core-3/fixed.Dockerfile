FROM mcr.microsoft.com/dotnet/core/sdk:3.1-buster AS build
WORKDIR /app
COPY . .
RUN dotnet publish -c Release

FROM mcr.microsoft.com/dotnet/core/aspnet:3.1-buster-slim
COPY --from=build /app/bin/Release/netcoreapp3.1/publish/ /app/bin/Release/netcoreapp3.1/publish/
ENV ASPNETCORE_URLS=http://+:80
EXPOSE 80
WORKDIR /app/bin/Release/netcoreapp3.1/publish
CMD dotnet Forum.dll
