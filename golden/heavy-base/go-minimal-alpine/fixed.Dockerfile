FROM golang:1.22-alpine AS build
WORKDIR /src
COPY . .
RUN go build -o /harbour .

FROM gcr.io/distroless/static-debian12
COPY --from=build /harbour /harbour
USER 65534
CMD ["/harbour"]
