"""Three processes over one PostgreSQL and one object store, 64 clients that push and pull through
whichever process each single request happens to reach, and a disturbance meanwhile:

  kill     one process is killed with SIGKILL every few seconds, and started again
  outage   PostgreSQL is restarted, its sessions are terminated, and the object store answers 503 or
           resets connections for FLEET_OUTAGE seconds; the processes must live through it

Afterwards everything that was acknowledged is there, byte for byte, through every process; no
client has met a failure that its retries did not cure; and every background job has run: none is
left, none is dead, and each image was assessed once.

Standard library, and psql. See fleet.sh.
"""

import collections
import http.client
import json
import os
import random
import subprocess
import sys
import threading
import time

from registry_client import (OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, Client, Failed, Server, add_query,
                             check, digest_of)

MODE = sys.argv[1]
DIRECTORY = os.environ["BREAKWATER_TEST_DIR"]
OPTIONS = {name: value for name, value in os.environ.items()
           if name.startswith(("BREAKWATER_DATABASE_", "BREAKWATER_S3_", "BREAKWATER_MASTER_KEY"))}
OPTIONS["BREAKWATER_REGISTRY"] = "fleet.example"
SECONDS = float(os.environ.get("FLEET_SECONDS", "40"))
OUTAGE = float(os.environ.get("FLEET_OUTAGE", "30"))
CLIENTS = int(os.environ.get("FLEET_CLIENTS", "64"))
PROCESSES = 3
KILL_EVERY = 3.0
NAMESPACE = "fleet"
# What a process keeps open for later: its database's connections, and for the object store two
# times 16 handles, each with a connection and the two ends of what wakes it.
KEPT_FOR_LATER = 16 + 2 * 16 * 3
# What a patient client does: as many attempts as fit into this time, ever further apart.
PATIENCE = 150.0
# A failure that says "try again", whether or not the request was carried out.
TRANSIENT = {408, 416, 429, 500, 502, 503, 504}


class Fleet:
    def __init__(self):
        self.servers = [Server(os.path.join(DIRECTORY, "process-%d" % i), OPTIONS)
                        for i in range(PROCESSES)]
        self.lock = threading.Lock()
        self.blobs = {}      # digest -> content, acknowledged
        self.manifests = {}  # (repository, tag) -> manifest, acknowledged
        self.images = set()  # (repository, manifest digest), acknowledged
        self.failures = collections.Counter()  # that a retry has cured
        self.errors = []
        self.pushed = self.pulled = 0
        self.over = threading.Event()
        self.at_rest = []

    def psql(self, sql):
        return subprocess.run(["psql", "-qAtX", "-d", os.environ["BREAKWATER_DATABASE_URL"], "-c",
                               sql], check=True, capture_output=True, text=True).stdout.strip()


class Worker(threading.Thread):
    def __init__(self, fleet, number, seed):
        super().__init__(name="client %d" % number, daemon=True)
        self.fleet = fleet
        self.number = number
        self.random = random.Random(seed)
        self.clients = {}
        self.repository = "%s/app-%d" % (NAMESPACE, number % 8)

    def run(self):
        try:
            while not self.fleet.over.is_set():
                self.push_image()
                self.pull_image()
        except Failed as failed:
            with self.fleet.lock:
                self.fleet.errors.append("%s: %s" % (self.name, failed))
        finally:
            for client in self.clients.values():
                client.close()

    def request(self, method, target, body=None, headers=None):
        """Through any process, without a retry: OSError or Failed where it failed."""
        server = self.random.choice(self.fleet.servers)
        client = self.clients.get(server) or Client(server, timeout=90)
        self.clients[server] = client
        try:
            status, response_headers, content = client.do(method, target, body, headers)
        except (OSError, http.client.HTTPException) as error:
            client.close()
            del self.clients[server]
            raise OSError(type(error).__name__) from error
        if status in TRANSIENT:
            check(status != 503 or b'"errors"' in content, "503 that says nothing: %r" % content[:200])
            raise OSError("%s %d %s" % (method, status, self.code_of(content)))
        check(status < 500, "%s %s: %d %s" % (method, target, status, content[:300]))
        return status, response_headers, content

    @staticmethod
    def code_of(content):
        try:
            return json.loads(content)["errors"][0]["code"]
        except (ValueError, LookupError, TypeError):
            return ""

    def patiently(self, what, action):
        """A client's normal retry: the whole operation again."""
        end = time.monotonic() + PATIENCE
        pause = 0.1
        while True:
            try:
                return action()
            except OSError as error:
                with self.fleet.lock:
                    self.fleet.failures[str(error)] += 1
                check(time.monotonic() < end, "%s is not cured by retries: %s" % (what, error))
                time.sleep(pause * self.random.uniform(0.5, 1))
                pause = min(pause * 2, 5)

    def content(self):
        size = self.random.choice([10, 2000, 60_000, 70_000, 300_000, 300_000, 6_000_000])
        return self.random.randbytes(size)

    def push_image(self):
        layers = [self.content() for _ in range(self.random.randint(1, 2))]
        config = json.dumps({"architecture": "amd64", "os": "linux",
                             "n": self.random.random()}).encode()
        for blob in [*layers, config]:
            self.patiently("a push of %d bytes" % len(blob), lambda b=blob: self.push_blob(b))
            with self.fleet.lock:
                self.fleet.blobs[digest_of(blob)] = blob
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": OCI_MANIFEST,
            "config": {"mediaType": OCI_CONFIG, "digest": digest_of(config), "size": len(config)},
            "layers": [{"mediaType": OCI_LAYER, "digest": digest_of(layer), "size": len(layer)}
                       for layer in layers]}).encode()
        tag = "client-%d" % self.number
        target = "/v2/%s/manifests/%s" % (self.repository, tag)

        def put():
            status, _, content = self.request("PUT", target, manifest,
                                              {"Content-Type": OCI_MANIFEST})
            check(status == 201, "PUT %s: %d %s" % (target, status, content[:300]))
        self.patiently("a push of a manifest", put)
        with self.fleet.lock:
            self.fleet.manifests[self.repository, tag] = manifest
            self.fleet.images.add((self.repository, digest_of(manifest)))
            self.fleet.pushed += 1

    def push_blob(self, blob):
        digest = digest_of(blob)
        base = "/v2/%s/blobs/uploads/" % self.repository
        way = self.random.randrange(3)
        if way == 0:
            status, _, content = self.request("POST", add_query(base, digest=digest), blob)
            check(status == 201, "POST: %d %s" % (status, content[:300]))
            return
        status, headers, content = self.request("POST", base)
        check(status == 202, "POST: %d %s" % (status, content[:300]))
        location = headers["location"]
        step = len(blob) if way == 1 else max(1, len(blob) // self.random.randint(2, 4))
        for at in range(0, len(blob), step):
            piece = blob[at:at + step]
            status, headers, content = self.request(
                "PATCH", location, piece,
                {"Content-Range": "%d-%d" % (at, at + len(piece) - 1)})
            self.may_be_over(status, content, "PATCH")
            location = headers["location"]
        status, _, content = self.request("PUT", add_query(location, digest=digest))
        self.may_be_over(status, content, "PUT")

    @staticmethod
    def may_be_over(status, content, method):
        """An upload whose answer was lost can be over, and is begun anew."""
        if status == 404 and b"BLOB_UPLOAD_UNKNOWN" in content:
            raise OSError("%s 404 BLOB_UPLOAD_UNKNOWN" % method)
        check(status in (201, 202), "%s: %d %s" % (method, status, content[:300]))

    def pull_image(self):
        with self.fleet.lock:
            (repository, tag), manifest = self.random.choice(list(self.fleet.manifests.items()))
        status, _, got = self.patiently("a pull of a manifest", lambda: self.request(
            "GET", "/v2/%s/manifests/%s" % (repository, digest_of(manifest))))
        check(status == 200 and got == manifest, "manifest of %s:%s: %d" % (repository, tag, status))
        document = json.loads(got)
        for descriptor in [document["config"], *document["layers"]]:
            self.pull_blob(repository, descriptor["digest"])
        with self.fleet.lock:
            self.fleet.pulled += 1

    def pull_blob(self, repository, digest):
        status, _, got = self.patiently("a pull of a blob", lambda: self.request(
            "GET", "/v2/%s/blobs/%s" % (repository, digest)))
        check(status == 200 and digest_of(got) == digest, "blob %s: %d" % (digest, status))


def kill_in_turn(fleet):
    kills = 0
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and not fleet.errors:
        time.sleep(KILL_EVERY)
        victim = fleet.servers[kills % PROCESSES]
        victim.kill()
        kills += 1
        victim.start()
    print("%d processes were killed" % kills, flush=True)


def service(name, *arguments):
    subprocess.run(["bash", os.path.join(os.environ["FLEET_SERVICES"], name + ".sh"), *arguments],
                   check=True, capture_output=True)


def object_store_fails(rules):
    path = os.environ["FLEET_PROXY_RULES"]
    with open(path + ".new", "w", encoding="utf-8") as out:
        json.dump(rules, out)
    os.rename(path + ".new", path)


def disturb_stores(fleet):
    postgres = os.environ["FLEET_POSTGRES_DIR"]
    pids = [server.process.pid for server in fleet.servers]
    for verb in ("restart", "kick", "restart", "kick"):
        time.sleep(3)
        service("postgres", verb, postgres)
        print("PostgreSQL: %s" % verb, flush=True)
    slow_down = {"action": "status", "code": 503,
                 "body": "<Error><Code>SlowDown</Code><Message>slow down</Message></Error>"}
    for name, rule in (("503", slow_down), ("resets", {"action": "reset"})):
        object_store_fails([rule])
        print("object store: %s for %d s" % (name, OUTAGE), flush=True)
        time.sleep(OUTAGE)
        object_store_fails([])
        # Recovered by itself: somebody pushes again.
        pushed = fleet.pushed
        end = time.monotonic() + 60
        while fleet.pushed < pushed + CLIENTS // 4 and time.monotonic() < end and not fleet.errors:
            time.sleep(0.1)
        check(fleet.pushed > pushed, "nothing was pushed in the minute after the %s" % name)
    for server, pid in zip(fleet.servers, pids):
        check(server.alive() and server.process.pid == pid, "a process has died")


def open_files(pid):
    """How many, and how many of them are no sockets and nothing of the kernel's own."""
    folder = "/proc/%d/fd" % pid
    targets = []
    for name in os.listdir(folder):
        try:
            targets.append(os.readlink(os.path.join(folder, name)))
        except FileNotFoundError:
            pass  # closed meanwhile
    return len(targets), sum(target.startswith("/") for target in targets)


def resident(pid):
    """MiB."""
    with open("/proc/%d/statm" % pid, encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 2**20


def verify_nothing_leaked(fleet):
    """Once the load has ended nobody has a file open that was not before it, nor more sockets than
    are kept for later."""
    for server, (all_at_rest, files_at_rest) in zip(fleet.servers, fleet.at_rest):
        pid = server.process.pid
        end = time.monotonic() + 120
        while time.monotonic() < end:
            now, files = open_files(pid)
            if now <= all_at_rest + KEPT_FOR_LATER and files <= files_at_rest:
                break
            time.sleep(0.5)
        print("open at rest %d (%d files), after the load %d (%d); resident MiB %d" %
              (all_at_rest, files_at_rest, now, files, resident(pid)), flush=True)
        check(now <= all_at_rest + KEPT_FOR_LATER and files <= files_at_rest, "files are left open")


def verify(fleet):
    for server in fleet.servers:
        client = Client(server)
        for (repository, tag), manifest in fleet.manifests.items():
            _, got = client.expect(200, "GET", "/v2/%s/manifests/%s" % (repository, tag))
            check(got == manifest, "%s:%s is not what was acknowledged" % (repository, tag))
        client.close()
    client = Client(fleet.servers[0])
    by_digest = {}
    for repository, digest in fleet.images:
        _, got = client.expect(200, "GET", "/v2/%s/manifests/%s" % (repository, digest))
        document = json.loads(got)
        for descriptor in [document["config"], *document["layers"]]:
            by_digest[descriptor["digest"]] = repository
    for digest, repository in by_digest.items():
        _, got = client.expect(200, "GET", "/v2/%s/blobs/%s" % (repository, digest))
        check(got == fleet.blobs[digest], "blob %s is not what was pushed" % digest)
    client.close()
    print("%d images, %d blobs and %d tags are there" %
          (len(fleet.images), len(by_digest), len(fleet.manifests)), flush=True)


def verify_jobs(fleet):
    end = time.monotonic() + 240  # a dead process's lease is a minute
    left = "SELECT count(*) FROM job WHERE recurring = 0 AND state <> 'dead'"
    while fleet.psql(left) != "0" and time.monotonic() < end:
        time.sleep(0.5)
    check(fleet.psql(left) == "0", "jobs are left: " + fleet.psql(
        "SELECT kind, state, attempt, owner, last_error FROM job WHERE recurring = 0"))
    check(fleet.psql("SELECT count(*) FROM job WHERE state = 'dead'") == "0", "jobs are dead: " +
          fleet.psql("SELECT kind, last_error FROM job WHERE state = 'dead'"))
    twice = fleet.psql("SELECT kind FROM job WHERE recurring = 1 GROUP BY kind HAVING count(*) > 1")
    check(twice == "", "recurring jobs are doubled: " + twice)
    assessed = fleet.psql("SELECT repository || ' ' || digest FROM advisor_location")
    lines = assessed.splitlines()
    found = {tuple(line.split(" ")) for line in lines}
    check(len(found) == len(lines), "an image was assessed twice")
    missing = fleet.images - found
    check(not missing, "%d images were not assessed: %s" % (len(missing), list(missing)[:3]))
    print("all jobs are done, %d images are assessed" % len(found), flush=True)


def run(fleet):
    for server in fleet.servers:
        server.start()
    fleet.at_rest = [open_files(server.process.pid) for server in fleet.servers]
    Client(fleet.servers[0]).expect(201, "PUT", "/api/v1/namespaces/" + NAMESPACE)
    seed = int(os.environ.get("FLEET_SEED", str(int(time.time()))))
    print("seed %d" % seed, flush=True)
    workers = [Worker(fleet, number, seed + number) for number in range(CLIENTS)]
    for worker in workers:
        worker.start()
    if MODE == "kill":
        kill_in_turn(fleet)
    else:
        disturb_stores(fleet)
    fleet.over.set()
    for worker in workers:
        worker.join(timeout=2 * PATIENCE)
        check(not worker.is_alive(), "%s hangs" % worker.name)
    print("%d pushes and %d pulls; cured by a retry: %s" %
          (fleet.pushed, fleet.pulled, dict(fleet.failures)), flush=True)
    check(not fleet.errors, "; ".join(fleet.errors[:5]))
    check(fleet.pushed > CLIENTS // 2 and fleet.pulled > 0, "too little happened to tell anything")
    if MODE == "outage":
        verify_nothing_leaked(fleet)
    verify(fleet)
    verify_jobs(fleet)
    for server in fleet.servers:
        server.stop()


def main():
    fleet = Fleet()
    try:
        run(fleet)
    except Failed as failed:
        print("FAILED: %s" % failed)
        for server in fleet.servers:
            with open(server.log, errors="replace", encoding="utf-8") as log:
                print("--- the end of %s\n%s" % (server.log, log.read()[-3000:]))
        return 1
    finally:
        for server in fleet.servers:
            if server.alive():
                server.kill()
    print("passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
