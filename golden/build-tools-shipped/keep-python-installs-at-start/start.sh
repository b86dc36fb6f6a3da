#!/bin/bash
if [ -f plugins.txt ]; then
    pip install -r plugins.txt
fi
exec python app.py
