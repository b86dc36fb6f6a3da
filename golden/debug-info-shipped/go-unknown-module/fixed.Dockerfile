FROM --platform=$BUILDPLATFORM golang:1.23 AS build
ARG TARGETOS TARGETARCH
WORKDIR /src
COPY . .
RUN GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -ldflags="-s -w" -o /relay .

FROM gcr.io/distroless/base-debian12:nonroot
COPY --from=build /relay /relay
CMD ["/relay"]
