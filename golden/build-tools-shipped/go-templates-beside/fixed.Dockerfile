# The guest book of the village hall
FROM golang:1.21-bullseye AS build
RUN mkdir /app
COPY . /app/
WORKDIR /app
RUN go build -o guestbook ./cmd/guestbook

FROM gcr.io/distroless/base-debian12
LABEL org.opencontainers.image.source="https://git.example.org/hall/guestbook"
WORKDIR /app
COPY --from=build /app/guestbook /app/guestbook
COPY --from=build /app/static/ /app/static/
COPY --from=build /app/templates/ /app/templates/
# the entries are kept here
VOLUME /app/data
EXPOSE 80
CMD ["/app/guestbook"]
