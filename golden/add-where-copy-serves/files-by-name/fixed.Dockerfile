FROM python:3.12-slim
WORKDIR /app

# first what changes least
COPY Makefile setup.py setup.cfg requirements*.txt ./
COPY ["docker/entrypoint.sh", "/usr/local/bin/"]
COPY "config/app.YAML" /etc/app/
COPY --chmod=0755 \
    # the worker's start script
    scripts/worker.py \
    scripts/worker.sh \
    /opt/worker/
COPY target/service-1.4.2.jar build/lib_1.0_amd64.deb ${HOME}/lib/
COPY .npmrc Gemfile Gemfile.lock /app/

RUN pip install --no-cache-dir -r requirements.txt
ENTRYPOINT ["entrypoint.sh"]
