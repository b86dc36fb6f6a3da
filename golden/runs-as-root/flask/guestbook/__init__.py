import os
import tempfile

from flask import Flask, render_template


def create_app():
    app = Flask(__name__)
    app.config["DATABASE_URL"] = os.environ["DATABASE_URL"]

    @app.get("/")
    def index():
        with tempfile.NamedTemporaryFile("w") as scratch:
            scratch.write("hello")
        with open(os.path.join(app.root_path, "motto.txt")) as motto:
            return render_template("index.html", motto=motto.read())

    return app
