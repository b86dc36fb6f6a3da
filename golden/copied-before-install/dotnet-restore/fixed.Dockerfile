FROM mcr.microsoft.com/dotnet/sdk:8.0
WORKDIR /src
COPY Worker/Worker.csproj Worker/
RUN dotnet restore Worker/Worker.csproj
COPY . .
RUN dotnet build Worker/Worker.csproj --no-restore -c Release
CMD ["dotnet", "/src/Worker/bin/Release/net8.0/Worker.dll"]
