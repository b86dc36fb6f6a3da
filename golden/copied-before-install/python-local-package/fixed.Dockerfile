FROM python:3.12-slim
WORKDIR /app
COPY requirements.txt ./
COPY libs/common/ libs/common/
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
CMD ["uvicorn", "main:app"]
