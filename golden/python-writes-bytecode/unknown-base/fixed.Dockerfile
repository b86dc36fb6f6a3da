from registry.example.org/base/python:3.12
arg BUILD
env PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
workdir /app
copy . .
entrypoint ["celery", "-A", "jobs", "worker"]
