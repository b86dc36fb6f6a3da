FROM golang:1.22 AS build
WORKDIR /app
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(cat README.md | wc -l)" -o tides .

FROM gcr.io/distroless/static-debian12
COPY --from=build /app/tides /usr/local/bin/
ENV TIDES_PORT=8080
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["tides"]
