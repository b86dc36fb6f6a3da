FROM golang:1.22 AS build

# the tides of the harbour
WORKDIR /app
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o tides .

FROM gcr.io/distroless/static-debian12
WORKDIR /app
COPY --from=build /app/tides /app/tides

ENV TIDES_PORT=8080
USER 65532:65532
EXPOSE 8080
CMD ["./tides"]
