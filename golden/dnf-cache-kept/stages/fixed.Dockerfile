FROM almalinux:9 AS build
RUN dnf install -y gcc make
COPY . /src
RUN make -C /src

FROM almalinux:9
RUN dnf install -y libpq && dnf clean all
COPY --from=build /src/server /usr/bin/server
