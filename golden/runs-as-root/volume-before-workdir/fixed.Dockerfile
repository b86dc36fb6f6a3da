FROM python:3.12-slim
RUN groupadd --gid 10001 app \
    && useradd -l --uid 10001 --gid app --create-home app \
    && mkdir -p /spool \
    && chown app:app /spool
VOLUME ["/spool"]
WORKDIR /spool
COPY spooler.py /usr/local/bin/
USER 10001:10001
CMD ["python", "/usr/local/bin/spooler.py"]
