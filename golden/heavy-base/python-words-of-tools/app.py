"""Asks an address book, in the `make` of the caller's choice."""

import os
import subprocess

import requests
from flask import Flask, request

app = Flask(__name__)
STARTED = subprocess.run(["date", "+%F"], capture_output=True, text=True).stdout.strip()


@app.get("/")
def suggest() -> dict[str, object]:
    found = requests.get(
        os.environ["BOOK"],
        params={
            "q": request.args["q"],
            "lang": request.args.get("lang", "en"),
            "cc": request.args.get("cc", "us"),
            "limit": 10,
        },
        timeout=5,
    )
    return {"since": STARTED, "found": found.json()}
