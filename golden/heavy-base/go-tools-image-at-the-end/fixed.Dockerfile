FROM golang:1.22-bookworm AS build
WORKDIR /src
COPY . .
RUN CGO_ENABLED=0 go build -o /out/lighthouse .

FROM gcr.io/distroless/static-debian12
WORKDIR /go
COPY --from=build /out/ /usr/local/bin/
EXPOSE 8080
CMD ["lighthouse"]
