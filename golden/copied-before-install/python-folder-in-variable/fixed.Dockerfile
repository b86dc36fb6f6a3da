FROM python:3.12-slim

ENV SHOP_HOME=/srv/shop \
    PYTHONUNBUFFERED=1
WORKDIR $SHOP_HOME

COPY requirements.txt $SHOP_HOME/
COPY reports/requirements.txt $SHOP_HOME/reports/
RUN pip install --no-cache-dir -r $SHOP_HOME/requirements.txt
RUN cd ${SHOP_HOME}/reports && pip install --no-cache-dir -r requirements.txt
# the shop, and its nightly reports
COPY . $SHOP_HOME

CMD ["gunicorn", "shop:app"]
