"""A receiver of notifications for tests: prints its port, then appends each request to a file.

usage: webhook_receiver.py FILE
Answers 200, or what the file FILE.status says if there is one. One JSON object per line and request.
"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers.get("Content-Length", "0"))
        text = self.rfile.read(length).decode("utf-8")
        entry = {"path": self.path, "headers": dict(self.headers), "body": text}
        with open(sys.argv[1], "a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
        status = 200
        if os.path.exists(sys.argv[1] + ".status"):
            with open(sys.argv[1] + ".status", encoding="utf-8") as file:
                status = int(file.read())
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    print(server.server_port, flush=True)
    server.serve_forever()
