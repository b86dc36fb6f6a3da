FROM debian:12-slim
# a folder, a script without an ending, and one whose name says nothing
COPY scripts /opt/scripts
COPY ./start /usr/local/bin/start
COPY data/v1.2 /opt/data/
COPY /scripts/../start /opt/
CMD ["start"]
