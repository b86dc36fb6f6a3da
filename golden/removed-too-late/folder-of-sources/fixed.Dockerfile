from python:3.12
workdir /work
run git clone --depth 1 https://git.example.org/tide/model.git /usr/src/model && \
    pip install --no-cache-dir /usr/src/model && \
    rm -rf /usr/src/model
copy requirements.txt .
run pip install --no-cache-dir -r requirements.txt
cmd ["tide"]
