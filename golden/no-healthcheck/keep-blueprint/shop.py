from flask import Blueprint, Flask

app = Flask(__name__)
status = Blueprint("status", __name__)


@status.route("/health")
def health():
    return "ok"


@app.route("/ping", methods=["POST"])
def ping():
    return "pong"


app.register_blueprint(status, url_prefix="/internal")
