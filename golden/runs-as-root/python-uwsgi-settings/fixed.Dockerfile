FROM python:3.12
WORKDIR /app
RUN groupadd --gid 10001 app && useradd -l --uid 10001 --gid app --create-home app
COPY . .
RUN pip install --no-cache-dir flask==3.0.3 uwsgi==2.0.28
RUN mkdir -p /app/votes && chown -R app:app /app/votes
USER 10001:10001
EXPOSE 9090
CMD ["uwsgi", "--ini", "deploy/uwsgi.ini"]
