import sqlite3

from flask import Flask, request

app = Flask(__name__)


@app.post("/seen")
def seen() -> str:
    with sqlite3.connect("birds.db") as book:
        book.execute("insert into seen values (?)", (request.form["bird"],))
    return "noted\n"


app.run(host="0.0.0.0", port=8080)
