"""Lists of a large installation: when they begin, how long they take, what memory the server needs.

usage: lists.py DIRECTORY SEED [SHARE]
SEED is the program that fills the database, SHARE the part of the population that it makes. With
BREAKWATER_TEST_POSTGRES and BREAKWATER_BENCH_POSTGRES=1 the database is PostgreSQL. Fails where a
list begins later than its goal, or takes more memory than a stream may.
"""

import http.client
import json
import os
import statistics
import subprocess
import sys
import threading
import time
import urllib.parse

from contenders import Breakwater, machine
from stores import ScaledOut

GOAL_MS = 100
GOAL_MB = 64  # above what the server had before
ROUNDS = 5
SAMPLE_SECONDS = 0.01


class Embedded(Breakwater):
    def halt(self):
        self.stop()

    def seed_target(self):
        return os.path.join(self.directory, "data", "breakwater.db")


class Scaled(ScaledOut):
    def __init__(self, directory):
        super().__init__(directory)
        self.variables = super().environment()  # with a master key, for both starts

    def environment(self):
        return self.variables

    def seed_target(self):
        return self.variables["BREAKWATER_DATABASE_URL"]


class Memory:
    """The server's resident bytes: highest since it was entered, above what they were then."""

    def __init__(self, server):
        self.server = server
        self.highest = self.before = 0

    def __enter__(self):
        self.before = self.highest = self.server.memory()
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def watch(self):
        while not self.done.wait(SAMPLE_SECONDS):
            self.highest = max(self.highest, self.server.memory())

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()
        self.highest = max(self.highest, self.server.memory())

    @property
    def grown(self):
        return (self.highest - self.before) / 1e6


class List:
    """One list: a request, and how to ask for what comes after an answer."""

    def __init__(self, title, path, method="GET", body=None, following=None):
        self.title, self.path, self.method, self.following = title, path, method, following
        self.body = None if body is None else json.dumps(body)

    def open(self, server, path):
        """The answer, its first octet, and the seconds until that."""
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
        begun = time.perf_counter()
        connection.request(self.method, path, self.body,
                           {**server.headers, "Content-Type": "application/json"})
        response = connection.getresponse()
        first = response.read(1)
        took = time.perf_counter() - begun
        if response.status != 200:
            raise RuntimeError("%s: %d %s" % (path, response.status, first + response.read(300)))
        return connection, response, first, took

    def begin(self, server):
        connection, _, _, took = self.open(server, self.path)
        connection.close()
        return took

    def read(self, server):
        """Every page: octets, seconds, and the slowest beginning of one."""
        path, octets, slowest = self.path, 0, 0
        begun = time.perf_counter()
        while path:
            connection, response, content, took = self.open(server, path)
            slowest = max(slowest, took)
            octets += 1
            kept = [content]
            while True:
                piece = response.read(1 << 16)
                if not piece:
                    break
                octets += len(piece)
                if self.following:
                    kept.append(piece)
            path = self.following(self, response, b"".join(kept)) if self.following else None
            connection.close()
        return octets, time.perf_counter() - begun, slowest

    def with_parameter(self, name, value):
        mark = "&" if "?" in self.path else "?"
        return self.path + mark + urllib.parse.urlencode({name: value})


def by_link(_, response, __):
    link = response.getheader("Link")
    return link.split(">")[0].lstrip("<") if link else None


def by_member(member, parameter):
    def following(asked, _, content):
        value = json.loads(content).get(member)
        return asked.with_parameter(parameter, value) if value else None
    return following


def by_next(_, __, content):
    link = (json.loads(content).get("next") or {}).get("href")
    if not link:
        return None
    parts = urllib.parse.urlsplit(link)
    return parts.path + "?" + parts.query


def by_header(name, parameter):
    def following(asked, response, _):
        value = response.getheader(name)
        return asked.with_parameter(parameter, value) if value else None
    return following


def lists_of(account, name_space, repository, signed):
    others = ["team-%03d/app-%05d" % (i // 100, i) for i in range(9000, 10000)]
    occurrences = "/findings/v1/%s/providers/security-advisor/occurrences" % account
    audit = "/breakwater/v1/audit/"
    keep = {"namespace": name_space, "images_per_repo": 10, "retain_untagged": False}
    return [
        List("repositories (`/v2/_catalog`)", "/v2/_catalog", following=by_link),
        List("tags of a repository with 100,000 (`/v2/…/tags/list`)", "/v2/%s/tags/list" % repository,
             following=by_link),
        List("referrers of an image with 10,000", "/v2/%s/referrers/%s" % (repository, signed),
             following=by_link),
        List("images", "/api/v1/images"),
        List("images without the advisor's columns", "/api/v1/images?vulnerabilities=false"),
        List("images of one namespace", "/api/v1/images?namespace=team-099"),
        List("images, in parts of 1,000", "/api/v1/images?limit=1000&namespace=team-098",
             following=by_link),
        List("digests", "/api/v1/images/digests", "POST", {}),
        List("digests that no tag leads to", "/api/v1/images/digests", "POST", {"exclude_tagged": True}),
        List("digests that no tag leads to, where there is none", "/api/v1/images/digests", "POST",
             {"exclude_tagged": True, "repositories": others}),
        List("namespaces", "/api/v1/namespaces"),
        List("details of namespaces", "/api/v1/namespaces/details"),
        List("retention policies", "/api/v1/retentions"),
        List("what retention would delete", "/api/v1/retentions/analyze", "POST", keep),
        List("why retention keeps what", "/breakwater/v1/namespaces/%s/retention" % name_space),
        List("the trash", "/api/v1/trash"),
        List("vulnerability status of all images", "/va/api/v4/report/account/status"),
        List("vulnerability reports of a repository",
             "/va/api/v4/report/account?repository=" + repository),
        List("findings", "/breakwater/v1/findings?limit=100", following=by_next),
        List("findings as occurrences", occurrences + "?page_size=1000",
             following=by_member("next_page_token", "page_token")),
        List("audit records", audit + "records?limit=1000", following=by_member("next_after", "after")),
        List("audit events", audit + "events?limit=1000", following=by_member("next_after", "after")),
        List("audit lines", audit + "export", following=by_header("Breakwater-Next-From", "from")),
        List("audit heads", audit + "heads"),
        List("audit segments", audit + "segments"),
    ]


def measure(server, one):
    one.begin(server)  # connections to the database, code that was never run
    begins = [one.begin(server) for _ in range(ROUNDS)]
    with Memory(server) as memory:
        octets, seconds, slowest = one.read(server)
    worst = max(*begins, slowest) * 1e3
    print("| %s | %.1f | %.1f | %.1f | %.2f | %.0f |" % (
        one.title, statistics.median(begins) * 1e3, worst, octets / 1e6, seconds, memory.grown),
        flush=True)
    return worst <= GOAL_MS and memory.grown <= GOAL_MB


def bearer(server):
    """An IAM token: Basic credentials would cost each request a password's hash."""
    form = urllib.parse.urlencode({"grant_type": "urn:ibm:params:oauth:grant-type:apikey",
                                   "apikey": server.key})
    content = server.must(200, "POST", "/identity/token", form,
                          {"Content-Type": "application/x-www-form-urlencoded"})
    server.headers = {"Authorization": "Bearer " + json.loads(content)["access_token"]}


def wait_for_jobs(server, seconds=3):
    """What begins with the server or by the clock, such as a look at every goal, is no part of what
    lists cost."""
    idle = 0
    while idle < seconds:
        content = server.must(200, "GET", "/metrics").decode()
        busy = [line for line in content.splitlines()
                if line.startswith('breakwater_jobs{state="running"}') and not line.endswith(" 0")]
        idle = 0 if busy else idle + 1
        time.sleep(1)


def main(directory, seed, share="1"):
    kind = Scaled if os.environ.get("BREAKWATER_BENCH_POSTGRES") == "1" else Embedded
    reason = kind.missing()
    if reason:
        print(reason)
        return 77
    server = kind(os.path.join(directory, "installation"))
    met = True
    try:
        server.start()
        server.log_in()
        server.halt()
        subprocess.run([seed, server.seed_target(), share], check=True)
        server.start()
        bearer(server)
        wait_for_jobs(server, 20)
        details = json.loads(server.must(200, "GET", "/api/v1/namespaces/details"))
        name_space = next(one for one in details if not one["name"].startswith("team-"))
        repository = name_space["name"] + "/app-00000"
        print("%s. Milliseconds to the first octet: median of %d, and the worst of those and of all "
              "pages. Memory: resident above what it was before.\n" % (machine(), ROUNDS))
        print("| list | first octet, ms | worst, ms | MB | read in s | memory, MB |")
        print("| --- | ---: | ---: | ---: | ---: | ---: |")
        for one in lists_of(name_space["account"], name_space["name"], repository,
                            digest_of_tag(server, repository, "v000000")):
            wait_for_jobs(server)
            met = measure(server, one) and met
    finally:
        server.stop()
    return 0 if met else 1


def digest_of_tag(server, repository, tag):
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("HEAD", "/v2/%s/manifests/%s" % (repository, tag), headers=server.headers)
    digest = connection.getresponse().getheader("Docker-Content-Digest")
    connection.close()
    return digest


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
