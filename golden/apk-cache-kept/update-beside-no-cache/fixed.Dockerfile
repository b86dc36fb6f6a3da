FROM python:3.12-alpine
RUN apk add --no-cache libstdc++
COPY . /app
CMD ["python", "/app/main.py"]
