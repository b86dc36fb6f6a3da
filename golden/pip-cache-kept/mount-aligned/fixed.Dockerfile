from    python:3.12-slim
workdir /srv
copy    requirements.txt .
run --mount=type=cache,target=/root/.cache/pip \
    pip install -r requirements.txt
cmd     ["python", "-m", "srv"]
