FROM python:3.12-slim AS base
ENTRYPOINT ["python"]
CMD ["--version"]
HEALTHCHECK --interval=30s \
    CMD python -c "import app"

FROM base AS dev
# the debugger
CMD ["-m", "debugpy", "--listen", "0.0.0.0:5678", "-m", "app"]

FROM base
WORKDIR /app
COPY . .

# For local use
     # reloads on change

RUN python -m compileall -q .

ENTRYPOINT ["/app/entrypoint.sh"]
ONBUILD CMD ["-m", "app.child"]
CMD ["-m", "app"]
HEALTHCHECK CMD python -m app.health
