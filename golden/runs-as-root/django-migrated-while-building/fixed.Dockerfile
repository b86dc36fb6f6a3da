FROM python:3.12-slim

WORKDIR /code

RUN groupadd --gid 10001 app && useradd -l --uid 10001 --gid app --create-home app

COPY . .
RUN pip install --no-cache-dir -r requirements.txt
RUN python manage.py migrate

RUN chown app:app /code /code/board.sqlite3
USER 10001:10001

EXPOSE 8000

CMD ["python", "manage.py", "runserver", "0.0.0.0:8000"]
