#!/bin/sh
set -e
dotnet ef database update
exec dotnet out/Catalog.dll
