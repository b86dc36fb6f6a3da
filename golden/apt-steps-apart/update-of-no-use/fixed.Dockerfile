FROM golang:1.21 AS build
# Get Ubuntu packages

# git is there already
WORKDIR /src
COPY . .
RUN go build -o /out/tool ./cmd/tool

FROM debian:12-slim
RUN apt-get update && apt-get install -y ca-certificates && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/tool /usr/bin/tool
ENTRYPOINT ["tool"]
