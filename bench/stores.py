"""Pushes and pulls on embedded stores and on PostgreSQL with an S3 service, interleaved in one run.

usage: stores.py DIRECTORY
The services run on the same machine and share its cores with server and client, as a fleet's would
not: what is comparable is how the two columns move, not their sum.
"""

import os
import secrets
import statistics
import subprocess
import sys
import threading
import time

from contenders import REPOSITORY, Breakwater, digest_of, machine

ROUNDS = 3
IMAGES = 48
THREADS = 8
READS = 400
LARGE = 100 << 20


class ScaledOut(Breakwater):
    name = "PostgreSQL and S3"

    def __init__(self, directory):
        super().__init__(directory)
        self.database = "breakwater_bench_" + secrets.token_hex(8)
        self.psql("CREATE DATABASE " + self.database)

    @classmethod
    def missing(cls):
        if "BREAKWATER_TEST_POSTGRES" not in os.environ:
            return "BREAKWATER_TEST_POSTGRES names no PostgreSQL: ./dev bench starts one"
        return super().missing()

    @staticmethod
    def psql(sql):
        subprocess.run(["psql", "-qX", "-d", os.environ["BREAKWATER_TEST_POSTGRES"], "-c", sql],
                       check=True, capture_output=True)

    def environment(self):
        s3 = {"BREAKWATER_S3_" + name: os.environ["BREAKWATER_TEST_S3_" + name]
              for name in ("ENDPOINT", "REGION", "BUCKET", "ACCESS_KEY", "SECRET_KEY")}
        address = os.environ["BREAKWATER_TEST_POSTGRES"].rsplit("/", 1)[0]
        return {**super().environment(), **s3, "BREAKWATER_S3_PREFIX": self.database,
                "BREAKWATER_DATABASE_URL": address + "/" + self.database,
                "BREAKWATER_MASTER_KEY": secrets.token_hex(32)}

    def halt(self):
        """Without giving up what it has stored."""
        super().stop()

    def stop(self):
        super().stop()
        self.psql("DROP DATABASE IF EXISTS %s WITH (FORCE)" % self.database)


class Embedded(Breakwater):
    name = "SQLite and directory"


def in_threads(count, work):
    """Calls of work(number) per second."""
    numbers = iter(range(count))
    lock, errors = threading.Lock(), []

    def run():
        while not errors:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            try:
                work(number)
            except (OSError, RuntimeError) as error:
                errors.append(error)
    threads = [threading.Thread(target=run) for _ in range(THREADS)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return count / (time.perf_counter() - begun)


def clone(server):
    """A client of the same server with a state of its own, for one thread."""
    other = object.__new__(type(server))
    other.__dict__.update(server.__dict__)
    return other


def push_images(server):
    return in_threads(IMAGES, lambda _: clone(server).push_image(os.urandom(4096)))


def push_large(server):
    blob = os.urandom(1 << 20) * (LARGE >> 20)
    blob = os.urandom(8) + blob[8:]
    begun = time.perf_counter()
    server.push_blob(blob)
    server.large = digest_of(blob)
    return LARGE / (time.perf_counter() - begun) / 1e9


def pull_large(server):
    begun = time.perf_counter()
    server.must(200, "GET", "/v2/%s/blobs/%s" % (REPOSITORY, server.large))
    return LARGE / (time.perf_counter() - begun) / 1e9


def read_manifests(server):
    return in_threads(READS, lambda _: clone(server).must(
        200, "GET", "/v2/%s/manifests/v1" % REPOSITORY))


def main(directory):
    reason = ScaledOut.missing()
    if reason:
        print(reason)
        return 77
    servers = [Embedded(os.path.join(directory, "embedded")),
               ScaledOut(os.path.join(directory, "scaled"))]
    try:
        for server in servers:
            server.start()
            server.push_image(b"first")
        print("%s. Medians of %d rounds; %d clients push and read; services without fsync, objects "
              "in memory.\n" % (machine(), ROUNDS, THREADS))
        print("| | %s | scaled out ÷ embedded |" % " | ".join(s.name for s in servers))
        print("| --- | ---: | ---: | ---: |")
        for title, measure in (("push of images with a 4 KiB layer, per second", push_images),
                               ("GET manifest by tag, per second", read_manifests),
                               ("push of 100 MiB, GB/s", push_large),
                               ("pull of 100 MiB, GB/s", pull_large)):
            rates = {server.name: [] for server in servers}
            for _ in range(ROUNDS):
                for server in servers:
                    server.renew_token()
                    rates[server.name].append(measure(server))
            embedded, scaled = (statistics.median(rates[server.name]) for server in servers)
            print("| %s | %.4g | %.4g | %.2f |" % (title, embedded, scaled, scaled / embedded))
    finally:
        for server in servers:
            server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
