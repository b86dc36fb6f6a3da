# syntax=docker/dockerfile:1
FROM debian:12 AS build
RUN --mount=type=cache,target=/root/.ccache apt-get update && apt-get install -y cmake \
	g++ \
	# the test runner
	ninja-build
COPY . /src
RUN cmake -S /src -B /out -G Ninja && cmake --build /out

FROM debian:12-slim
COPY --from=build /out/app /usr/bin/
CMD ["app"]
