FROM python:3.12-slim
WORKDIR /srv
RUN groupadd --gid 10001 app && useradd -l --uid 10001 --gid app --create-home app
COPY . .
RUN pip install --no-cache-dir aiohttp==3.10.10
USER 10001:10001
EXPOSE 8080
CMD ["python", "-m", "tides.web", "--port", "8080"]
