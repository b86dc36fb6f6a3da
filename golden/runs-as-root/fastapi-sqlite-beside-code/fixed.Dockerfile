FROM python:3.12

WORKDIR /code

RUN groupadd --gid 10001 app && useradd -l --uid 10001 --gid app --create-home app

COPY ./requirements.txt /code/requirements.txt
RUN pip install --no-cache-dir --upgrade -r /code/requirements.txt

COPY ./app /code/app

RUN chown app:app /code
USER 10001:10001

CMD ["uvicorn", "app.main:app", "--host", "0.0.0.0", "--port", "8080"]
