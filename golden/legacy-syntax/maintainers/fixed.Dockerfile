FROM golang:1.22 AS tools
# Who to ask
LABEL maintainer='"Build Team" <build@acme.example>'
RUN go install example.com/tools/gen@latest

FROM golang:1.22 AS app
LABEL maintainer='Ann Ode <ann@acme.example>, Ben "Bit" Roe, costs 5$'
COPY --from=tools /go/bin/gen /usr/local/bin/gen

FROM debian:bookworm-slim
LABEL maintainer="Ann Ode <ann@acme.example>"

COPY --from=app /go/bin/app /usr/local/bin/app
CMD ["app"]
