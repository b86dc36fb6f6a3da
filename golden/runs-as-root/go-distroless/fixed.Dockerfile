FROM golang:1.22 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -o /bin/probe ./cmd/probe

FROM gcr.io/distroless/static-debian12
COPY --from=build /bin/probe /probe
USER 65532:65532
EXPOSE 9090
ENTRYPOINT ["/probe"]
