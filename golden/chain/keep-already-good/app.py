from flask import Flask, jsonify

app = Flask(__name__)


@app.get("/health")
def health():
    return jsonify(status="ok")


@app.get("/payments/<int:number>")
def payment(number):
    return jsonify(payment=number, state="open")
