"""Small reads and large writes, side by side with peers, interleaved in one run.

usage: data_plane.py DIRECTORY
The server is kept on one core and the client on another where there are two. CPU per request is the
number to trust: requests per second are capped by the load generator.
"""

import hashlib
import os
import re
import shutil
import statistics
import subprocess
import sys
import time

from contenders import (OCI_MANIFEST, REPOSITORY, Breakwater, Contender, DockerRegistry, Nginx,
                        digest_of, machine, on_core, version_of)

ROUNDS = 3
SECONDS = 2
LARGE = 100 << 20


class Sample:
    def __init__(self, rate, cpu):
        self.rate = rate  # per second
        self.cpu = cpu    # seconds for each


def read_sample(server, path, connections):
    headers = {**server.headers, "Accept": OCI_MANIFEST + ", */*"}
    command = ["wrk", "-t1", "-c%d" % connections, "-d%ds" % SECONDS]
    for name, value in headers.items():
        command += ["-H", "%s: %s" % (name, value)]
    before = server.cpu_seconds()
    output = subprocess.run(on_core(1, [*command, server.url(path)]), check=True,
                            capture_output=True, text=True).stdout
    cpu = server.cpu_seconds() - before
    if "Non-2xx" in output or "Socket errors" in output:
        raise RuntimeError("%s: %s: %s" % (server.name, path, output))
    done = int(re.search(r"(\d+) requests in", output)[1])
    return Sample(float(re.search(r"Requests/sec:\s*([\d.]+)", output)[1]), cpu / done)


def write_sample(server, blob):
    before, begun = server.cpu_seconds(), time.perf_counter()
    server.push_blob(blob)
    took = time.perf_counter() - begun
    return Sample(len(blob) / took / 1e9, (server.cpu_seconds() - before) / len(blob) * 1e9)


def large_blob(number):
    """Never the same twice: a registry that has the bytes already would not take them again."""
    return number.to_bytes(8, "big") + os.urandom(1 << 20) * (LARGE >> 20)


def digest_cost(blob):
    begun = time.process_time()
    hashlib.sha256(blob).digest()
    return (time.process_time() - begun) / len(blob) * 1e9


def median(samples, what):
    return statistics.median(getattr(sample, what) for sample in samples)


def print_table(title, unit_rate, unit_cpu, scale, results):
    own = results["Breakwater"]
    print("\n%s\n" % title)
    print("| | %s | %s | our CPU ÷ theirs | our rate ÷ theirs |" % (unit_rate, unit_cpu))
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, samples in results.items():
        rate, cpu = median(samples, "rate"), median(samples, "cpu")
        ratios = "| |" if name == "Breakwater" else "%.3f | %.2f |" % (
            median(own, "cpu") / cpu if cpu > 0 else float("nan"), median(own, "rate") / rate)
        print("| %s | %s | %.2f | %s" % (name, "%.2f" % rate if rate < 100 else "%d" % rate,
                                         cpu * scale, ratios))


def measure_reads(servers, layer):
    manifest, blob = "/v2/%s/manifests/v1" % REPOSITORY, "/v2/%s/blobs/%s" % (REPOSITORY, digest_of(layer))
    for title, path, connections in (("GET manifest by tag, 16 connections", manifest, 16),
                                     ("GET manifest by tag, 64 connections", manifest, 64),
                                     ("GET blob of 4 KiB, 64 connections", blob, 64)):
        results = {server.name: [] for server in servers}
        for _ in range(ROUNDS):
            for server in servers:
                if isinstance(server, Breakwater):
                    server.renew_token()
                results[server.name].append(read_sample(server, path, connections))
        print_table(title, "requests/s", "CPU µs/request", 1e6, results)


def measure_writes(servers):
    writers = [server for server in servers if not isinstance(server, Nginx)]
    results = {server.name: [] for server in writers}
    digests = []
    for number in range(ROUNDS):
        for at, server in enumerate(writers):
            blob = large_blob(number * len(writers) + at)
            if isinstance(server, Breakwater):
                server.renew_token()
            results[server.name].append(write_sample(server, blob))
            digests.append(digest_cost(blob))
    print_table("PUT blob of 100 MiB", "GB/s", "CPU s/GB", 1, results)
    print("\nSHA-256 alone, by OpenSSL: %.2f CPU s/GB." % statistics.median(digests))


def main(directory):
    reason = Breakwater.missing() or ("" if shutil.which("wrk") else "wrk is not installed")
    if reason:
        print(reason)
        return 77
    Contender.core = 0
    servers = []
    try:
        layer = os.urandom(4096)
        for kind in (Breakwater, DockerRegistry, Nginx):
            if kind.missing():
                print("left out: " + kind.missing())
                continue
            servers.append(kind(os.path.join(directory, kind.program.rsplit("/", 1)[-1])))
            servers[-1].start()
            servers[-1].push_image(layer)
        peers = ["%s %s" % (s.name, version_of(s.program)) for s in servers[1:]]
        print("Peers: %s, without authentication or access log. %s. Medians of %d rounds of %d s."
              % (", ".join(peers) or "none", machine(), ROUNDS, SECONDS))
        measure_reads(servers, layer)
        measure_writes(servers)
    finally:
        for server in servers:
            server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
