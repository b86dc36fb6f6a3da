FROM mcr.microsoft.com/dotnet/sdk:7.0 AS build
COPY . /tool/src
RUN cd /tool/src && dotnet publish -c Release -o /tool/bin

FROM mcr.microsoft.com/dotnet/runtime:7.0 AS tool
COPY --from=build /tool/bin/ /tool/bin/
WORKDIR /data
VOLUME /data
ENTRYPOINT ["dotnet", "/tool/bin/Sums.dll"]
CMD ["--all"]
