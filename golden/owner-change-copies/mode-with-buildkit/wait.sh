#!/bin/sh
until python -c "import socket; socket.create_connection((\"db\", 5432), 1)"; do sleep 1; done
