from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

PAGES = Path("pages")


class Wiki(BaseHTTPRequestHandler):
    def do_PUT(self):
        (PAGES / self.path.strip("/")).write_bytes(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(204)


HTTPServer(("", 8080), Wiki).serve_forever()
