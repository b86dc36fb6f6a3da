FROM python:3.11-bookworm AS build
WORKDIR /app
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
COPY requirements.txt .
RUN pip install -r requirements.txt

FROM gcr.io/distroless/python3-debian12
ENV PYTHONPATH=/opt/venv/lib/python3.11/site-packages
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /app
COPY --from=build /opt/venv /opt/venv
COPY app.py .
EXPOSE 8000
CMD ["-m", "gunicorn", "--bind", "0.0.0.0:8000", "app:app"]
