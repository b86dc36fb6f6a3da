import json
import os

FOLDER = os.environ["NOTES"]


def app(environ, start_response):
    with open(os.path.join(FOLDER, "last.json"), "w") as file:
        json.dump({"path": environ["PATH_INFO"]}, file)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"noted"]
