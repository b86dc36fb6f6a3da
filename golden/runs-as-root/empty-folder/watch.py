import argparse
import http.server
import pathlib

parser = argparse.ArgumentParser()
parser.add_argument("-d", type=pathlib.Path)
folder = parser.parse_args().d


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        (folder / "seen").write_text(self.path)
        self.send_response(204)
        self.end_headers()


http.server.HTTPServer(("0.0.0.0", 5000), Handler).serve_forever()
