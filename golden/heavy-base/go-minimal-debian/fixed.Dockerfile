FROM golang:1.22-bookworm AS build
WORKDIR /src
COPY . .
RUN CGO_ENABLED=0 go build -o /harbour .

FROM gcr.io/distroless/static-debian12
# listens on 8080
COPY --from=build /harbour /usr/local/bin/harbour
EXPOSE 8080
ENTRYPOINT ["harbour"]
