"""What the Debian security tracker's records say of a list of packages, computed without Breakwater.

usage: debian_oracle.py FEED.tar[.zst] ECOSYSTEM STATUS-FILE
Reads OSV records of vulnerabilities (not notices) and a dpkg status file, and follows the algorithm
of the OSV schema ("Evaluation") with `dpkg --compare-versions`. Prints one line for each vulnerable
binary package: vulnerability, package, nearest fixed version (or "-"), source package, tab-separated
and sorted.
"""

import functools
import json
import re
import subprocess
import sys
import tarfile


@functools.lru_cache(maxsize=None)
def less(a, b):
    return subprocess.run(["dpkg", "--compare-versions", a, "lt", b], check=False).returncode == 0


def compare(a, b):
    return -1 if less(a, b) else 1 if less(b, a) else 0


def version_key(event):
    (_, version), = event.items()
    return (0,) if version == "0" else (1, functools.cmp_to_key(compare)(version))


def range_affects(events, version):
    vulnerable = False
    for event in sorted(events, key=version_key):
        (kind, at), = event.items()
        if kind == "introduced" and (at == "0" or not less(version, at)):
            vulnerable = True
        elif kind == "fixed" and not less(version, at):
            vulnerable = False
        elif kind == "last_affected" and less(at, version):
            vulnerable = False
    return vulnerable


def affects(entry, version):
    ranges = [r["events"] for r in entry.get("ranges") or [] if r["type"] == "ECOSYSTEM"]
    if not ranges:
        return version in (entry.get("versions") or [])
    return any(range_affects(events, version) for events in ranges)


def fixes_of(entry, version):
    return [event["fixed"] for r in entry.get("ranges") or [] for event in r["events"]
            if "fixed" in event and less(version, event["fixed"])]


def read_packages(path):
    """Yields (binary, source, source version) of what is installed."""
    with open(path, encoding="utf-8") as file:
        for paragraph in file.read().split("\n\n"):
            fields = dict(re.findall(r"^([A-Za-z-]+): *(.*)$", paragraph, re.M))
            if not fields.get("Status", "").endswith(" installed"):
                continue
            source = re.fullmatch(r"(\S+)(?: \((.*)\))?", fields.get("Source", fields["Package"]))
            yield fields["Package"], source[1], source[2] or fields["Version"]


def read_records(path, ecosystem):
    """Yields the records of vulnerabilities that name the ecosystem."""
    needle = json.dumps(ecosystem).encode()
    command = ["zstd", "-dc", "--long=27", path] if path.endswith(".zst") else ["cat", path]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as unpack:
        with tarfile.open(fileobj=unpack.stdout, mode="r|") as archive:
            for member in archive:
                if not member.isfile() or not member.name.endswith(".json"):
                    continue
                text = archive.extractfile(member).read()
                if needle not in text:
                    continue
                record = json.loads(text)
                notice = re.match(r"(DSA|DLA|DTSA)-", record["id"])
                if not notice and not record.get("withdrawn"):
                    yield record


def main(feed, ecosystem, status):
    by_source = {}
    for binary, source, version in read_packages(status):
        by_source.setdefault((source, version), set()).add(binary)
    versions = {}
    for source, version in by_source:
        versions.setdefault(source, set()).add(version)
    found = {}  # (vulnerability, binary, source) -> fixed versions
    for record in read_records(feed, ecosystem):
        name = record["id"].removeprefix("DEBIAN-")
        for entry in record["affected"]:
            package = entry.get("package", {})
            if package.get("ecosystem") != ecosystem:
                continue
            for version in versions.get(package["name"], ()):
                if not affects(entry, version):
                    continue
                for binary in by_source[package["name"], version]:
                    fixes = found.setdefault((name, binary, package["name"]), [])
                    fixes += fixes_of(entry, version)
    for (name, binary, source), fixes in sorted(found.items()):
        nearest = min(fixes, key=functools.cmp_to_key(compare)) if fixes else "-"
        print(name, binary, nearest, source, sep="\t")


if __name__ == "__main__":
    main(*sys.argv[1:])
