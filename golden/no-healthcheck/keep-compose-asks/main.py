import flask

app = flask.Flask(__name__)


@app.route("/health")
def health():
    return "ok"
