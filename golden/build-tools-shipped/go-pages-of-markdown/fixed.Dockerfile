FROM golang:1.22-bookworm AS build
WORKDIR /blog
COPY . .
RUN CGO_ENABLED=0 go build -o blog

FROM gcr.io/distroless/static-debian12
WORKDIR /blog
COPY --from=build /blog/ /blog/
ENTRYPOINT ["/blog/blog"]
