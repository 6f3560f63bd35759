"""The goals of performance, measured beside peers: all contenders run at once, samples are taken in turn.

usage: goals.py DIRECTORY [--quick] [P1 …]
The servers share one core and the client has another, where there are two. Prints the figures, and then
the table of goals, which it also keeps as DIRECTORY/table.
"""

import os
import re
import resource
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys

from contenders import (CONFIG, OCI_MANIFEST, REPOSITORY, Breakwater, Contender, DockerRegistry, Nginx,
                        digest_of, machine, version_of)
from measure import (CLIENT, Plan, client_command, digest_cost, median, most_memory, quiet, repeatedly,
                     requests, rounds, run_client, transfers, wrk)

SMALL, MIDDLE, LARGE = 4 << 10, 1 << 20, 100 << 20
MANIFEST = "/v2/%s/manifests/v1" % REPOSITORY
NGINX, DOCKER = Nginx.name, DockerRegistry.name
IDLE_CONNECTIONS = 10_000
TAGS = 1_000_000
STARTS = 9
EACH = {"requests": "request", "images": "image", "GB": "GB"}  # units, and one of them


def blob_path(blob):
    return "/v2/%s/blobs/%s" % (REPOSITORY, digest_of(blob))


def ratio(value):
    return "1/%.0f" % (1 / value) if value < 0.1 else "%.2f ×" % value


class Report:
    """Rows of the table of goals."""

    def __init__(self):
        self.rows = []

    def add(self, goal, work, wanted, measured, reached):
        self.rows.append((goal, work, wanted, measured, {True: "yes", False: "no", None: "–"}[reached]))

    def compare(self, goal, work, unit, results, *wishes):
        """Wishes are (peer, "cpu" or "rate", bound): how ours may be to the peer's."""
        print_figures(work, unit, results)
        own = results[Breakwater.name]
        for peer, what, bound in wishes:
            name = "CPU per " + EACH[unit] if what == "cpu" else unit + "/s"
            sign = "≤" if what == "cpu" else "≥"
            wanted = "%s %s %s %s" % (name, sign, ratio(bound) if bound >= 0.1 else ratio(bound) + " of", peer)
            if peer not in results:
                self.add(goal, work, wanted, "not installed", None)
                continue
            value = median(own, what) / median(results[peer], what)
            self.add(goal, work, wanted, ratio(value), value <= bound if what == "cpu" else value >= bound)

    def at_most(self, goal, work, what, value, bound, unit):
        self.add(goal, work, "%s ≤ %g %s" % (what, bound, unit), "%.3g %s" % (value, unit), value <= bound)

    def table(self):
        lines = ["| | work | goal | measured | reached |", "| --- | --- | --- | ---: | --- |"]
        lines += ["| %s |" % " | ".join(row) for row in self.rows]
        return "\n".join(lines)


def print_figures(work, unit, results):
    print("\n%s\n" % work)
    print("| | %s/s | CPU %s per %s |" % (unit, "s" if unit == "GB" else "µs", EACH[unit]))
    print("| --- | ---: | ---: |")
    for name, samples in results.items():
        rate, cpu = median(samples, "rate"), median(samples, "cpu")
        print("| %s | %.4g | %.4g |" % (name, rate, cpu if unit == "GB" else cpu * 1e6))
    sys.stdout.flush()


class Field:
    """The contenders that are installed, running, with the same content."""

    def __init__(self, directory):
        self.directory = directory
        self.small, self.middle = os.urandom(SMALL), os.urandom(MIDDLE)
        self.large = os.urandom(MIDDLE) * (LARGE // MIDDLE)
        self.servers = []

    def __enter__(self):
        try:
            for kind in (Breakwater, DockerRegistry, Nginx):
                if kind.missing():
                    print("left out: " + kind.missing())
                    continue
                self.servers.append(kind(self.folder(kind.name)))
                self.servers[-1].start()
                self.servers[-1].push_image(self.small)
                for blob in (self.middle, self.large):
                    self.servers[-1].push_blob(blob)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for server in self.servers:
            server.stop()

    def folder(self, name):
        return os.path.join(self.directory, name)

    def readers(self, *names):
        return [server for server in self.servers if server.name in (Breakwater.name, *names)]

    def writers(self):
        return self.readers(DOCKER)


def p1(field, report):
    for connections in (16, 64):
        results = rounds(field.servers, requests(MANIFEST, connections))
        report.compare("P1", "GET manifest by tag, %d connections" % connections, "requests", results,
                       (NGINX, "cpu", 0.7), (DOCKER, "cpu", 1 / 70), (NGINX, "rate", 1.4))


def p2(field, report):
    for connections in (16, 64):
        results = rounds(field.readers(NGINX), requests(MANIFEST, connections, tls=True))
        report.compare("P2", "GET manifest by tag over TLS 1.3, %d connections" % connections, "requests", results,
                       (NGINX, "cpu", 0.8))


def p3(field, report):
    results = rounds(field.servers, requests(blob_path(field.small), 64))
    report.compare("P3", "GET blob of 4 KiB, 64 connections", "requests", results,
                   (NGINX, "cpu", 0.95), (DOCKER, "cpu", 1 / 100))


def p4(field, report):
    for name, blob, connections in (("1 MiB, 4 connections", field.middle, 4),
                                    ("100 MiB, 1 connection", field.large, 1)):
        for over, options in (("", {}), (", TLS", {"tls": "yes"})):
            load = transfers("get", "bytes", path=blob_path(blob), connections=connections, **options)
            report.compare("P4", "GET blob of " + name + over, "GB", rounds(field.readers(NGINX), load),
                           (NGINX, "cpu", 0.75))


def p5(field, report):
    push = {"repository": REPOSITORY, "size": LARGE}
    digests = []

    def load_of(server):
        digests.append(digest_cost())
        return transfers("push", "bytes", **push)(server)
    results = rounds(field.writers(), load_of)
    work = "PUT blob of 100 MiB"
    report.compare("P5", work, "GB", results, (DOCKER, "rate", 2.0))
    alone, ours = statistics.median(digests), median(results[Breakwater.name], "cpu")
    print("\nSHA-256 alone: %.3f CPU s per GB." % alone)
    report.add("P5", work, "CPU per GB ≤ 1.7 × SHA-256 alone", ratio(ours / alone), ours <= 1.7 * alone)
    results = rounds(field.writers(), transfers("push", "bytes", connections=4, **push))
    report.compare("P5", work + ", four at a time", "GB", results, (DOCKER, "rate", 1.7))


def p6(field, report):
    for connections, bound in ((1, 7.0), (16, 25.0), (64, 32.0)):
        load = transfers("push", "transfers", repository=REPOSITORY, size=SMALL, connections=connections,
                         config="%s:%d" % (digest_of(CONFIG), len(CONFIG)))
        report.compare("P6", "push of an image of 4 KiB, durable, %d at a time" % connections, "images",
                       rounds(field.writers(), load), (DOCKER, "rate", bound))


def forget_cached_files(directory):
    """What is on disk leaves the page cache, as if it had not been read for long."""
    for folder, _, names in os.walk(directory):
        for name in names:
            try:
                descriptor = os.open(os.path.join(folder, name), os.O_RDONLY)
            except OSError:
                continue  # it is gone: an upload that has become a blob
            if os.fstat(descriptor).st_size >= MIDDLE:
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)


def p7(field, report):
    """Server and clients share all cores: who is kept waiting by the large ones is what is asked."""
    server = Breakwater(field.folder("crowded"))
    seconds = Plan.seconds * 4
    with server:
        server.push_image(field.small)
        server.push_blob(field.large)
        server.release_core()
        alone = wrk(server, MANIFEST, 4, seconds, core=None)
        large = [client_command(server, "push", core=None, repository=REPOSITORY, size=LARGE, connections=2,
                                seconds=seconds + 1),
                 client_command(server, "get", core=None, path=blob_path(field.large),
                                seconds=seconds + 1)]
        crowd = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for command in large]
        with repeatedly(lambda: forget_cached_files(os.path.join(server.directory, "data")), 0.1):
            crowded = wrk(server, MANIFEST, 4, seconds, core=None)
        if any(process.wait() != 0 for process in crowd):
            raise RuntimeError("a large transfer failed")
    print("\nGET manifest beside two large pushes and a cold pull: %.0f/s, p99 %.2f ms; alone: %.0f/s, %.2f ms"
          % (crowded.rate, crowded.p99 * 1e3, alone.rate, alone.p99 * 1e3))
    report.at_most("P7", "GET manifest beside two large pushes and a cold pull", "p99", crowded.p99 * 1e3, 5,
                   "ms")


def p8(field, report):
    figures = {}
    for kind in (Breakwater, DockerRegistry):
        if kind.missing():
            continue
        with kind(field.folder("memory of " + kind.name)) as server:
            server.push_image(field.small)
            figures[kind.name] = [
                server.memory(),
                most_memory(server, lambda: wrk(server, MANIFEST, 64)),
                most_memory(server, lambda: run_client(server, "push", repository=REPOSITORY, size=LARGE,
                                                       connections=4))]
    for at, work in enumerate(("idle", "64 connections", "4 large pushes")):
        mine = figures[Breakwater.name][at]
        print("\nResident memory, %s: %s" % (work, ", ".join(
            "%s %.1f MiB" % (name, values[at] / MIDDLE) for name, values in figures.items())))
        wanted = "≤ 0.50 × " + DOCKER
        if DOCKER not in figures:
            report.add("P8", "resident memory, " + work, wanted, "not installed", None)
            continue
        value = mine / figures[DOCKER][at]
        report.add("P8", "resident memory, " + work, wanted, ratio(value), value <= 0.5)


def open_idle(server, count):
    """Kept-alive connections that have had an answer each."""
    head = "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: %s\r\nAuthorization: %s\r\n\r\n" % (
        MANIFEST, OCI_MANIFEST, server.headers["Authorization"])
    connections = []
    for number in range(count):
        # The second listener speaks no TLS here.
        port = server.tls_port if number % 2 else server.port
        connection = socket.create_connection(("127.0.0.1", port), timeout=60)
        connections.append(connection)
        connection.sendall(head.encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += connection.recv(65536)
        if not answer.startswith(b"HTTP/1.1 200 "):
            raise RuntimeError("an idle connection was answered %s" % answer[:100])
        length = int(re.search(rb"(?i)\r\ncontent-length: (\d+)", answer)[1])
        left = length - (len(answer) - answer.index(b"\r\n\r\n") - 4)
        while left > 0:
            left -= len(connection.recv(left))
    return connections


def p9(field, report):
    work = "%s idle connections" % format(IDLE_CONNECTIONS, ",")
    # On both listeners: a server keeps two fifths of its files for each.
    most = IDLE_CONNECTIONS // 2 + 200
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files < most * 5 / 2:
        report.add("P9", work, "memory of each ≤ 8 KiB", "only %d files may be open" % files, None)
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    limits = "[http]\nconnections = %d\nconnections_per_address = %d\nidle_timeout = \"1h\"\n" % (most, most)
    with Breakwater(field.folder("crowd"), limits, private_tls=False) as server:
        server.push_image(field.small)
        load = requests(MANIFEST, 64)(server)
        samples = {"alone": [], "among them": []}
        samples["alone"] += [quiet(server, load) for _ in range(Plan.rounds)]
        before = server.memory()
        server.renew_token()
        idle = open_idle(server, IDLE_CONNECTIONS)
        each = (server.memory() - before) / IDLE_CONNECTIONS / 1024
        samples["among them"] += [quiet(server, load) for _ in range(Plan.rounds)]
        for connection in idle:
            connection.close()
        samples["alone"] += [quiet(server, load) for _ in range(Plan.rounds)]
    print_figures("GET manifest by tag, 64 connections, among %s" % work, "requests", samples)
    report.at_most("P9", work, "memory of each", each, 8, "KiB")
    slower = median(samples["among them"], "cpu") / median(samples["alone"], "cpu")
    report.add("P9", "P1 among them", "CPU per request ≤ 1.10 × without them", ratio(slower), slower <= 1.1)


def add_tags(server, count):
    """Copies the row of a tag, beside the stopped server: a million tags pushed would leave background
    work that takes longer than all else here."""
    database = sqlite3.connect(os.path.join(server.directory, "data", "breakwater.db"))
    with database:
        database.execute(
            "WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ?) "
            "INSERT INTO tag (repository, name, digest, updated) "
            "SELECT repository, printf('t%07d', n), digest, updated FROM number, tag WHERE name = 'v1'",
            (count - 1,))
    if database.execute("SELECT count(*) FROM tag").fetchone() != (count,):
        raise RuntimeError("the tags were not added")
    database.close()


def p10(field, report):
    fresh = []
    for at in range(STARTS):
        server = Breakwater(field.folder("fresh %d" % at))
        fresh.append(server.start() * 1e3)
        server.stop()
    report.at_most("P10", "start to first answer, empty directory", "time", statistics.median(fresh), 20, "ms")
    server = Breakwater(field.folder("tags"))
    with server:
        server.push_image(field.small)
    add_tags(server, TAGS)
    used = []
    for _ in range(STARTS):
        used.append(server.start() * 1e3)
        server.stop()
    report.at_most("P10", "start to first answer, %s tags" % format(TAGS, ","), "time",
                   statistics.median(used), 100, "ms")


TOGETHER = {"P1": p1, "P2": p2, "P3": p3, "P4": p4, "P5": p5, "P6": p6}
# With servers of their own, which what the others have left to do must not disturb.
APART = {"P7": p7, "P8": p8, "P9": p9, "P10": p10}
GOALS = {**TOGETHER, **APART}


def remarks():
    peers = ", ".join("%s %s" % (kind.name, version_of(kind.program)) for kind in (DockerRegistry, Nginx)
                      if not kind.missing()) or "none"
    lines = ["Peers: %s, without authentication or access log. %s: servers on one, clients on the other. "
             "Medians of %d rounds of %g s." % (peers, machine(), Plan.rounds, Plan.seconds)]
    if Plan.noisy:
        lines.append("The machine was not quiet: %d of %d samples were disturbed by other programs."
                     % (Plan.noisy, Plan.taken))
    return " ".join(lines)


def main(directory, *words):
    names = [word for word in words if word != "--quick"]
    if unknown := set(names) - set(GOALS):
        print("no such goal: %s; there are %s" % (", ".join(sorted(unknown)), " ".join(GOALS)))
        return 1
    reason = Breakwater.missing() or next(
        ("%s is not installed" % program for program in ("wrk", "taskset", "openssl")
         if shutil.which(program) is None), "") or (
        "" if os.access(CLIENT, os.X_OK) else "there is no client at " + CLIENT)
    if reason:
        print(reason)
        return 77
    if "--quick" in words:
        Plan.quick()
    Contender.core = 0
    report = Report()
    names = names or list(GOALS)
    field = Field(directory)
    if set(names) & set(TOGETHER):
        with field:
            for name in filter(TOGETHER.get, names):
                TOGETHER[name](field, report)
    for name in filter(APART.get, names):
        APART[name](field, report)
    text = "%s\n\n%s\n" % (report.table(), remarks())
    print("\n" + text)
    with open(os.path.join(directory, "table"), "w", encoding="utf-8") as file:
        file.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
