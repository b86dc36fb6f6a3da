FROM python:3.11 AS base
RUN pip install --no-cache-dir wheel

FROM base AS build
COPY . /src
RUN pip install build && python -m build --outdir /dist /src

FROM python:3.11 AS tools
RUN pip install twine

FROM base
COPY --from=build /dist /dist
RUN pip install --no-cache-dir /dist/*.whl
