import os
import smtplib
import time
from datetime import datetime
from pathlib import Path

LOG = Path("/opt/mailer") / "log"
LOG.mkdir(exist_ok=True)

while True:
    with smtplib.SMTP(os.environ["SMTP_HOST"], 587) as server:
        server.noop()
    with open(LOG / f"{datetime.now():%Y-%m}.log", "a") as log:
        log.write("ok\n")
    time.sleep(60)
