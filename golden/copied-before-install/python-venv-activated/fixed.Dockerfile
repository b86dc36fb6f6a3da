FROM python:3.12-slim

WORKDIR /app
COPY requirements.txt ./
RUN python -m venv venv
RUN . venv/bin/activate && pip install -r requirements.txt
COPY . .
RUN . venv/bin/activate && python manage.py collectstatic --noinput

CMD ["venv/bin/gunicorn", "shelf.wsgi"]
