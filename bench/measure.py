"""Samples of a server at work, and what is said of them. Standard library only.

CPU of a server is that of its process tree, in ticks of 10 ms: samples last seconds. A sample counts if
what neither server nor client used of the processors stays below a share of a core; otherwise it is
taken again, and the quietest is kept and counted as not quiet.
"""

import contextlib
import json
import os
import re
import resource
import statistics
import subprocess
import threading
import time

from contenders import OCI_MANIFEST, ROOT, TICKS, on_core

CLIENT = os.environ.get("BENCH_CLIENT", os.path.join(ROOT, "build/release/bench/bw_transfer_client"))
CLIENT_CORE = 1
MOST_FOREIGN = 0.12  # of a core
UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


class Plan:
    """How thoroughly to measure."""
    rounds, seconds, tries = 3, 2.0, 4
    taken = noisy = 0  # samples

    @classmethod
    def quick(cls):
        cls.rounds, cls.seconds, cls.tries = 1, 1.0, 2


class Sample:
    def __init__(self, rate, cpu, foreign=0.0):
        self.rate = rate        # per second
        self.cpu = cpu          # seconds for each
        self.foreign = foreign  # share of a core that was others'


def processors_busy():
    """CPU seconds since boot that were not idle, of all processors. proc(5)."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, _, _, irq, softirq, steal = map(int, file.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICKS


def clients_cpu():
    """Of this process and the clients that have ended."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def observe(server, load):
    """A sample of the server while `load` runs, which returns (things done, things per second); nothing if
    the load got nothing done in its time."""
    busy, client, own, begun = processors_busy(), clients_cpu(), server.cpu_seconds(), time.monotonic()
    done, rate = load()
    took = time.monotonic() - begun
    own = server.cpu_seconds() - own
    if not done:
        return None
    foreign = processors_busy() - busy - own - (clients_cpu() - client)
    return Sample(rate, own / done, max(foreign, 0.0) / took)


def quiet(server, load):
    """The first sample that was not disturbed, or the least disturbed of several."""
    samples = []
    for _ in range(Plan.tries):
        sample = observe(server, load)
        if sample is None:
            continue
        samples.append(sample)
        if sample.foreign <= MOST_FOREIGN:
            break
    if not samples:
        raise RuntimeError("%s answered nothing" % server.name)
    best = min(samples, key=lambda sample: sample.foreign)
    Plan.taken += 1
    Plan.noisy += best.foreign > MOST_FOREIGN
    return best


def rounds(servers, load_of):
    """Samples by server's name: each server in turn, and again."""
    results = {server.name: [] for server in servers}
    for _ in range(Plan.rounds):
        for server in servers:
            server.renew_token()
            results[server.name].append(quiet(server, load_of(server)))
    return results


def median(samples, what):
    return statistics.median(getattr(sample, what) for sample in samples)


class WrkResult:
    def __init__(self, output):
        self.done = int(re.search(r"(\d+) requests in ", output)[1])
        self.rate = float(re.search(r"^Requests/sec:\s*([\d.]+)", output, re.M)[1])
        # The thread statistics above it have percentages of their own.
        distribution = output.split("Latency Distribution", 1)[1]
        value, unit = re.search(r"^\s*99%\s+([\d.]+)(us|ms|s|m)\b", distribution, re.M).groups()
        self.p99 = float(value) * UNITS[unit]  # seconds


def wrk(server, path, connections, seconds=None, tls=False, core=CLIENT_CORE):
    """GET over kept-alive connections, with the headers that registry clients send."""
    headers = {**server.headers, "Accept": OCI_MANIFEST + ", */*"}
    command = ["wrk", "--latency", "-t1", "-c%d" % connections,
               "-d%ds" % max(1, round(seconds or Plan.seconds))]
    for name, value in headers.items():
        command += ["-H", "%s: %s" % (name, value)]
    output = subprocess.run(on_core(core, [*command, server.url(path, tls)]), check=True,
                            capture_output=True, text=True).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        raise RuntimeError("%s: %s: %s" % (server.name, path, output))
    return WrkResult(output)


def requests(path, connections, tls=False):
    """Load of small requests, counted each."""
    def load_of(server):
        def load():
            result = wrk(server, path, connections, tls=tls)
            return result.done, result.rate
        return load
    return load_of


def client_command(server, what, core=CLIENT_CORE, **options):
    options = {"port": server.tls_port if "tls" in options else server.port,
               "authorization": server.headers.get("Authorization", ""), "seconds": Plan.seconds,
               **options}
    words = [CLIENT, what]
    for name, value in options.items():
        words += ["--" + name, str(value)]
    return on_core(core, words)


def run_client(server, what, **options):
    ended = subprocess.run(client_command(server, what, **options), check=False, capture_output=True,
                           text=True)
    if ended.returncode != 0:
        raise RuntimeError("%s: %s: %s" % (server.name, what, ended.stderr))
    return json.loads(ended.stdout)


def transfers(what, unit, **options):
    """Load of the own client, counted in its answer's `unit`: "bytes" (by GB) or "transfers"."""
    scale = 1e9 if unit == "bytes" else 1
    def load_of(server):
        def load():
            answer = run_client(server, what, **options)
            done = answer[unit] / scale
            return done, done / answer["seconds"]
        return load
    return load_of


def digest_cost():
    """CPU seconds for a GB of SHA-256 alone, on the servers' core."""
    ended = subprocess.run(on_core(0, [CLIENT, "digest", "--seconds", str(Plan.seconds)]), check=True,
                           capture_output=True, text=True)
    answer = json.loads(ended.stdout)
    return answer["cpu_seconds"] / answer["bytes"] * 1e9


@contextlib.contextmanager
def repeatedly(action, every):
    """Meanwhile, from another thread."""
    over = threading.Event()

    def run():
        while not over.wait(every):
            action()
    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def most_memory(server, load):
    """The largest resident memory seen while the load runs."""
    seen = [server.memory()]
    with repeatedly(lambda: seen.append(server.memory()), 0.02):
        load()
    return max(seen)
