from python:3.12-slim as base
workdir /app
copy requirements.txt .
run pip install --no-cache-dir -r requirements.txt
copy . .
expose ${PORT}/tcp
cmd ["python", "main.py"]
