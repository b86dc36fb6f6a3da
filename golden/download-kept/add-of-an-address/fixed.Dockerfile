FROM python:3.12-bookworm
WORKDIR /srv/app
# The installer of the package manager.
RUN curl -fsSL -o /tmp/get-poet.py https://installer.example.org/get-poet.py \
    && python /tmp/get-poet.py --version 1.8.2 && rm /tmp/get-poet.py

ENV VIEWER=v3.1

RUN curl -fsSL -o viewer.tar.gz "https://example.org/releases/download/$VIEWER/viewer.tar.gz" \
    && tar -xzf viewer.tar.gz --strip-components=1 \
    && ls -l \
    && rm viewer.tar.gz

RUN curl -fsSL -o /opt/data.zip http://example.org/data.zip \
    && unzip -q /opt/data.zip -d /opt/data && rm -f /opt/data.zip
COPY . .
