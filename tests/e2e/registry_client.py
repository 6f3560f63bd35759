"""A server process and a client of its data plane, for the test scripts that hurt one while the other
works, and what benchmarks share with them. Standard library only.
"""

import base64
import hashlib
import http.client
import json
import os
import signal
import socket
import subprocess
import threading
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.environ.get("BREAKWATER_BIN", os.path.join(ROOT, "build/dev/breakwater"))
KEY = "test-bootstrap-key-" + hashlib.sha256(b"breakwater tests").hexdigest()
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
START_SECONDS = 60


class Failed(Exception):
    pass


def check(condition, message):
    if not condition:
        raise Failed(message)


def digest_of(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """One process, which may be killed and started again. The ports stay the same: without
    configuration a registry is named by its listener's address."""

    def __init__(self, directory, options=None):
        os.makedirs(directory, exist_ok=True)
        self.data = os.path.join(directory, "data")
        self.log = os.path.join(directory, "server.log")
        self.options = options or {}  # variables of its environment
        self.public = free_port()
        self.private = free_port()
        self.process = None

    def start(self):
        # Variables of ours that are not its options would be refused.
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith("BREAKWATER_")}
        environment.update(self.options)
        environment["BREAKWATER_BOOTSTRAP_API_KEY"] = KEY
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [BINARY, "serve", "--data", self.data,
                 "--public", "127.0.0.1:%d" % self.public,
                 "--private", "127.0.0.1:%d" % self.private],
                stdout=subprocess.PIPE, stderr=log, env=environment)
        alarm = threading.Timer(START_SECONDS, self.process.kill)
        alarm.start()
        line = self.process.stdout.readline()
        alarm.cancel()
        if not line:
            with open(self.log, errors="replace") as log:
                raise Failed("the server did not start:\n" + log.read()[-4000:])
        json.loads(line)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        self.process.terminate()
        check(self.process.wait(timeout=60) == 0, "the server did not stop gracefully")
        self.process.stdout.close()

    def alive(self):
        return self.process is not None and self.process.poll() is None


class Client:
    """A keep-alive connection with Basic credentials."""

    def __init__(self, server, timeout=60):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.public, timeout=timeout)
        token = base64.b64encode(("iamapikey:" + KEY).encode()).decode()
        self.headers = {"Authorization": "Basic " + token}

    def do(self, method, target, body=None, headers=None):
        self.connection.request(method, target, body=body, headers={**self.headers,
                                                                    **(headers or {})})
        response = self.connection.getresponse()
        return response.status, dict((k.lower(), v) for k, v in response.getheaders()), \
            response.read()

    def expect(self, status, method, target, body=None, headers=None):
        got, response_headers, content = self.do(method, target, body, headers)
        check(got == status, "%s %s: %d instead of %d: %s" %
              (method, target, got, status, content[:400]))
        return response_headers, content

    def close(self):
        self.connection.close()


def add_query(location, **parameters):
    mark = "&" if "?" in location else "?"
    return location + mark + urllib.parse.urlencode(parameters)
