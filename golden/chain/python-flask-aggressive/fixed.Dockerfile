FROM python:3.11-bookworm AS build

COPY requirements.txt /app/
WORKDIR /app

RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
RUN pip install -r requirements.txt

FROM gcr.io/distroless/python3-debian12
ENV PYTHONPATH=/opt/venv/lib/python3.11/site-packages
WORKDIR /app
ENV PATH=/opt/venv/bin:$PATH
COPY --from=build /opt/venv/ /opt/venv/
COPY . /app

USER 65532:65532
EXPOSE 5000
CMD ["-m", "gunicorn", "--bind", "0.0.0.0:5000", "notes:app"]
