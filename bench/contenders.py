"""Servers under measurement: Breakwater and its peers, each in a directory of its own, on a free port.

Standard library only. A contender is a context manager: entered, it answers requests.
"""

import base64
import http.client
import json
import os
import secrets
import shutil
import socket
import subprocess
import time

# From tests/e2e: bench/lib.sh says where modules are.
from registry_client import OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, ROOT, digest_of, free_port

TICKS = os.sysconf("SC_CLK_TCK")
START_SECONDS = 60
REPOSITORY = "bench/app"
CONFIG = b'{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}'


def on_core(core, command):
    """The command, kept on one core where there is more than one to choose from."""
    if core is None or len(os.sched_getaffinity(0)) < 2 or shutil.which("taskset") is None:
        return command
    return ["taskset", "-c", str(sorted(os.sched_getaffinity(0))[core]), *command]


def tree_of(pid):
    pids = [pid]
    for parent in pids:
        try:
            for task in os.listdir("/proc/%d/task" % parent):
                with open("/proc/%d/task/%s/children" % (parent, task), encoding="ascii") as file:
                    pids += map(int, file.read().split())
        except OSError:
            pass  # it ended meanwhile
    return pids


def certificate(directory):
    """Files of a throw-away certificate and its key."""
    files = [os.path.join(directory, name) for name in ("certificate.pem", "key.pem")]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-subj", "/CN=127.0.0.1", "-days", "2", "-out", files[0], "-keyout", files[1]],
                   check=True, capture_output=True)
    return files


class Contender:
    name = ""
    core = None  # 0: pinned to the first core
    probe = "/v2/"

    def __init__(self, directory):
        self.directory = directory
        self.process = None
        self.port = self.tls_port = 0
        self.headers = {}
        os.makedirs(directory, exist_ok=True)

    @classmethod
    def missing(cls):
        """Why it cannot run here, or ""."""
        return "" if shutil.which(cls.program) else cls.program + " is not installed"

    def command(self):
        raise NotImplementedError

    def environment(self):
        return {k: v for k, v in os.environ.items() if not k.startswith(("BREAKWATER_", "REGISTRY_"))}

    def start(self):
        """Seconds from the start of the process to the end of the first answer."""
        log = open(os.path.join(self.directory, "log"), "ab")
        with log:
            begun = time.perf_counter()
            self.process = subprocess.Popen(on_core(self.core, self.command()), stdout=subprocess.PIPE,
                                            stderr=log, env=self.environment())
        try:
            self.wait_until_ready()
            self.first_answer()
        except BaseException:
            self.stop()
            raise
        return time.perf_counter() - begun

    def wait_until_ready(self):
        """Polls; a contender that says when it is ready need not."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(self.name + " did not start: " + self.log_tail()) from None
                time.sleep(0.001)

    def first_answer(self):
        status, _ = self.request("GET", self.probe, headers={})
        if status >= 500:
            raise RuntimeError("%s answers %d" % (self.name, status))

    def log_tail(self):
        with open(os.path.join(self.directory, "log"), errors="replace", encoding="utf-8") as log:
            return log.read()[-1000:]

    def stop(self):
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def url(self, path, tls=False):
        if tls:
            return "https://127.0.0.1:%d%s" % (self.tls_port, path)
        return "http://127.0.0.1:%d%s" % (self.port, path)

    def renew_token(self):
        """Before it lapses. Most have none."""

    def release_core(self):
        """From now on it may use every processor."""
        for pid in tree_of(self.process.pid):
            for task in os.listdir("/proc/%d/task" % pid):
                os.sched_setaffinity(int(task), os.sched_getaffinity(0))

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, path, body=body,
                               headers=self.headers if headers is None else {**self.headers, **headers})
            response = connection.getresponse()
            content = response.read()
            self.location = response.getheader("Location")
            return response.status, content
        finally:
            connection.close()

    def must(self, status, method, path, body=None, headers=None):
        got, content = self.request(method, path, body, headers)
        if got != status:
            raise RuntimeError("%s: %s %s: %d %s" % (self.name, method, path, got, content[:300]))
        return content

    def cpu_seconds(self):
        total = 0
        for pid in tree_of(self.process.pid):
            try:
                with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as file:
                    fields = file.read().rsplit(")", 1)[1].split()
                total += int(fields[11]) + int(fields[12])
            except OSError:
                pass
        return total / TICKS

    def memory(self):
        """Resident bytes over the process tree."""
        total = 0
        for pid in tree_of(self.process.pid):
            with open("/proc/%d/status" % pid, encoding="ascii", errors="replace") as file:
                total += sum(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS:"))
        return total

    def push_image(self, layer):
        """Makes what is read in the measurements: tag v1 of REPOSITORY, with one layer."""
        for blob in (layer, CONFIG):
            self.push_blob(blob)
        self.must(201, "PUT", "/v2/%s/manifests/v1" % REPOSITORY, manifest_of(layer),
                  {"Content-Type": OCI_MANIFEST})

    def push_blob(self, blob):
        self.must(202, "POST", "/v2/%s/blobs/uploads/" % REPOSITORY)
        where = self.location.split("127.0.0.1:%d" % self.port)[-1]
        mark = "&" if "?" in where else "?"
        self.must(201, "PUT", where + mark + "digest=" + digest_of(blob), blob,
                  {"Content-Type": "application/octet-stream"})


def manifest_of(layer, **annotations):
    return json.dumps({
        "schemaVersion": 2, "mediaType": OCI_MANIFEST, "annotations": annotations,
        "config": {"mediaType": OCI_CONFIG, "digest": digest_of(CONFIG), "size": len(CONFIG)},
        "layers": [{"mediaType": OCI_LAYER, "digest": digest_of(layer), "size": len(layer)}],
    }).encode()


class Breakwater(Contender):
    """With authorization, policies, metrics and audit on, as always."""

    name = "Breakwater"
    probe = "/readyz"
    program = os.environ.get("BREAKWATER_BIN", os.path.join(ROOT, "build/release/breakwater"))

    def __init__(self, directory, options="", private_tls=True):
        super().__init__(directory)
        self.key = secrets.token_urlsafe(32)
        self.config = os.path.join(directory, "config.toml")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(options)
            if private_tls:
                file.write("[private]\ntls_certificate = \"%s\"\ntls_key = \"%s\"\n"
                           % tuple(certificate(directory)))
            file.write('[[registry]]\npublic_hosts = ["127.0.0.1"]\nregion = "local"\n')

    @classmethod
    def missing(cls):
        return "" if os.access(cls.program, os.X_OK) else "there is no program at " + cls.program

    def command(self):
        return [self.program, "serve", "--config", self.config, "--data",
                os.path.join(self.directory, "data"), "--public", "127.0.0.1:0", "--private",
                "127.0.0.1:0"]

    def environment(self):
        return {**super().environment(), "BREAKWATER_BOOTSTRAP_API_KEY": self.key}

    def wait_until_ready(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("Breakwater did not start: " + self.log_tail())
        self.port, self.tls_port = (int(json.loads(line)[listener].rsplit(":", 1)[1])
                                    for listener in ("public", "private"))

    def log_in(self):
        basic = base64.b64encode(("iamapikey:" + self.key).encode()).decode()
        self.headers = {"Authorization": "Basic " + basic}
        status, _ = self.request("PUT", "/api/v1/namespaces/" + REPOSITORY.split("/")[0])
        if status not in (200, 201):
            raise RuntimeError("the namespace could not be made: %d" % status)
        self.renew_token()

    def renew_token(self):
        scope = "/oauth/token?service=127.0.0.1&scope=repository:%s:pull,push" % REPOSITORY
        basic = base64.b64encode(("iamapikey:" + self.key).encode()).decode()
        content = self.must(200, "GET", scope, headers={"Authorization": "Basic " + basic})
        self.headers = {"Authorization": "Bearer " + json.loads(content)["token"]}

    def push_image(self, layer):
        self.log_in()
        super().push_image(layer)


class DockerRegistry(Contender):
    """Without authentication and access log, which favours it."""

    name = "docker-registry"
    program = "docker-registry"

    def __init__(self, directory):
        super().__init__(directory)
        self.port = free_port()
        self.config = os.path.join(directory, "config.yml")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write("version: 0.1\nlog:\n  level: error\n  accesslog:\n    disabled: true\n"
                       "storage:\n  cache:\n    blobdescriptor: inmemory\n  filesystem:\n"
                       "    rootdirectory: %s\nhttp:\n  addr: 127.0.0.1:%d\n"
                       % (os.path.join(directory, "data"), self.port))

    def command(self):
        return [self.program, "serve", self.config]


class Nginx(Contender):
    """Plain files at a registry's paths: it checks nothing and only reads."""

    name = "nginx"
    program = "nginx"
    probe = "/"

    def __init__(self, directory):
        super().__init__(directory)
        self.port, self.tls_port = free_port(), free_port()
        self.root = os.path.join(directory, "root")
        self.config = os.path.join(directory, "nginx.conf")
        user = "user root;\n" if os.geteuid() == 0 else ""
        temporary = "".join("%s_temp_path %s/%s;\n" % (part, directory, part) for part in
                            ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        with open(self.config, "w", encoding="utf-8") as file:
            file.write("%sdaemon off;\nworker_processes 1;\npid %s/pid;\nerror_log %s/log error;\n"
                       "events { worker_connections 1024; }\nhttp {\n%saccess_log off;\nsendfile on;\n"
                       "tcp_nopush on;\nkeepalive_requests 100000000;\nopen_file_cache max=1000;\n"
                       "ssl_certificate %s;\nssl_certificate_key %s;\nssl_protocols TLSv1.3;\n"
                       "default_type %s;\n"
                       "server { listen 127.0.0.1:%d; listen 127.0.0.1:%d ssl; root %s; }\n}\n"
                       % (user, directory, directory, temporary, *certificate(directory), OCI_MANIFEST,
                          self.port, self.tls_port, self.root))

    def command(self):
        return [self.program, "-c", self.config, "-p", self.directory, "-e",
                os.path.join(self.directory, "log")]

    def push_image(self, layer):
        self.put_file("manifests/v1", manifest_of(layer))
        self.push_blob(layer)

    def push_blob(self, blob):
        self.put_file("blobs/" + digest_of(blob), blob)

    def put_file(self, name, content):
        path = os.path.join(self.root, "v2", REPOSITORY, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)


def version_of(package):
    answer = subprocess.run(["dpkg-query", "-W", "-f=${Version}", package], check=False,
                            capture_output=True, text=True)
    return answer.stdout if answer.returncode == 0 else "unknown version"


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return "%d × %s" % (len(models), models[0]) if models else "unknown processor"
