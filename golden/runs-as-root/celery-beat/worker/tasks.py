import os

from celery import Celery

app = Celery("tasks", broker=os.environ.get("BROKER", "redis://redis"))
app.conf.beat_schedule = {"tick": {"task": "tasks.tick", "schedule": 30.0}}


@app.task
def tick():
    return "tock"
