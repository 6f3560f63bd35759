"""What Breakwater takes: time to start, memory, size. Prints a Markdown table.

usage: footprint.py DIRECTORY
"""

import os
import shutil
import statistics
import subprocess
import sys

from contenders import REPOSITORY, Breakwater, DockerRegistry, machine, version_of

STARTS = 20
REQUESTS = 60


def mib(size):
    return "%.1f MiB" % (size / (1 << 20))


def ms(seconds):
    return "%.0f ms" % (statistics.median(seconds) * 1000)


def started(make):
    """Start times of servers that `make` gives, each stopped again."""
    times = []
    for number in range(STARTS):
        server = make(number)
        times.append(server.start())
        server.stop()
    return times


def measure(kind, directory):
    """(start on an empty directory, on a used one, memory idle, memory after requests)."""
    fresh = started(lambda number: kind(os.path.join(directory, "empty-%d" % number)))
    server = kind(os.path.join(directory, "used"))
    with server:
        server.push_image(os.urandom(4096))
    used = started(lambda _: server)
    with server:
        idle = server.memory()
        for _ in range(REQUESTS // 3):
            server.request("GET", "/v2/%s/manifests/v1" % REPOSITORY)
            server.request("GET", "/v2/%s/tags/list" % REPOSITORY)
            server.request("GET", "/v2/")
        busy = server.memory()
    return ms(fresh), ms(used), mib(idle), mib(busy)


def stripped_size(program, directory):
    if shutil.which("strip") is None:
        return None
    copy = os.path.join(directory, "stripped")
    subprocess.run(["strip", "-o", copy, program], check=True)
    return os.stat(copy).st_size


def main(directory):
    reason = Breakwater.missing()
    if reason:
        print(reason)
        return 77
    columns = [("Breakwater", measure(Breakwater, os.path.join(directory, "breakwater")))]
    sizes = [stripped_size(Breakwater.program, directory)]
    if not DockerRegistry.missing():
        columns.append(("docker-registry " + version_of("docker-registry"),
                        measure(DockerRegistry, os.path.join(directory, "docker-registry"))))
        sizes.append(stripped_size(shutil.which(DockerRegistry.program), directory))
    rows = ["Start to first answered request, empty data directory", "the same, existing data",
            "Resident memory after the start", "after %d requests" % REQUESTS]
    print("| | " + " | ".join(name for name, _ in columns) + " |")
    print("| --- |" + " ---: |" * len(columns))
    for at, row in enumerate(rows):
        print("| %s | %s |" % (row, " | ".join(values[at] for _, values in columns)))
    print("| Size of the program, stripped | %s |" % " | ".join(mib(s) if s else "–" for s in sizes))
    print()
    print("Median of %d starts, %s. docker-registry runs without authentication." % (STARTS, machine()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
