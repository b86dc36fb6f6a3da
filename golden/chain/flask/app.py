from flask import Flask, jsonify

app = Flask(__name__)


@app.get("/health")
def health():
    return jsonify(status="ok")


@app.get("/orders/<int:number>")
def order(number):
    return jsonify(order=number, state="open")
