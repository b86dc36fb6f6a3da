FROM python:3.12-slim

WORKDIR /srv/app
COPY requirements.txt constraints.txt ./

# uwsgi has no wheel for this Python
RUN set -eux; \
    apt-get update; \
    apt-get install -y --no-install-recommends gcc libc6-dev; \
    python -m pip install --no-cache-dir --upgrade pip; \
    pip3 install --no-cache-dir \
        --constraint constraints.txt \
        # the rest is pure Python
        --requirement requirements.txt; \
    if [ -f extra.txt ]; then pip install --no-cache-dir -r extra.txt; fi; \
    apt-get purge -y --auto-remove gcc libc6-dev; \
    rm -rf /var/lib/apt/lists/*

RUN echo "pip install is done" && pip check
COPY . .
RUN pip3.12 install --no-cache-dir -q --no-deps -e . && python manage.py collectstatic --noinput

CMD ["gunicorn", "srv.wsgi"]
