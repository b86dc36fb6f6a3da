import sqlite3

from flask import Flask

app = Flask(__name__)


@app.post("/yes")
def yes() -> str:
    with sqlite3.connect("votes/poll.db") as book:
        book.execute("create table if not exists yes (at text default current_timestamp)")
        book.execute("insert into yes default values")
    return "thanks\n"
