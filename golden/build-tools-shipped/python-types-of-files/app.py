from flask import Flask
app = Flask(__name__)

@app.get("/")
def index():
    return "hello"


@app.get("/offer")
def offer():
    return send_file("offer.docx")
