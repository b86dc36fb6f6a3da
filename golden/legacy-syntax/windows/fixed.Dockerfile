# escape=`
FROM mcr.microsoft.com/windows/servercore:ltsc2022
SHELL ["powershell", "-Command"]
LABEL maintainer="Ops Team <ops@acme.example>"
ENV TOOLS=C:\tools
ENV MSBUILD="C:\Program Files (x86)\MSBuild\14.0\Bin\"MSBuild.exe
ENV SDK="C:\Program Files\Acme SDK"
ENV BOTH="a`"b c"
RUN Invoke-WebRequest -Uri https://acme.example/sdk.zip `
    -OutFile sdk.zip
