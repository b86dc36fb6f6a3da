import os

from sqlalchemy import create_engine
from flask import Flask
app = Flask(__name__)

@app.get("/")
def index():
    return "hello"


engine = create_engine(os.environ["DATABASE_URL"])
