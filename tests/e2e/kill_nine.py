"""Kills the server with SIGKILL in the middle of pushes, again and again, and checks after each
restart that

- every acknowledged blob and manifest is there, byte for byte;
- what was never finished is not visible, and what was in flight is there whole or not at all;
- a tag points at the last acknowledged manifest, or at the one that was in flight;
- an interrupted upload goes on from the offset that the server tells;
- no temporary file and no blob without a row is left;

and at the end that fsck, which reads everything, finds nothing wrong.

Standard library only. See kill_nine.sh.
"""

import http.client
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from registry_client import (BINARY, OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, Client, Failed, Server,
                             add_query, check, digest_of)

ROUNDS = int(os.environ.get("KILL_NINE_ROUNDS", "50"))
SEED = int(os.environ.get("KILL_NINE_SEED", str(int(time.time()))))
WORKERS = 4
REPOSITORY = "killtest/app"


class Ledger:
    """What clients know: acknowledged, in flight, never finished."""

    def __init__(self):
        self.lock = threading.Lock()
        self.blobs = {}      # digest -> content, acknowledged
        self.tags = {}       # tag -> manifest, acknowledged
        self.closing = {}    # digest -> content: the closing request was sent
        self.tagging = {}    # tag -> manifest: the request was sent
        self.unfinished = {}  # location -> content of an upload whose end was not acknowledged
        self.unsent = set()  # digests whose closing request was never sent

    def note(self, action):
        with self.lock:
            action(self)


class Worker(threading.Thread):
    """Pushes images until the server is gone."""

    def __init__(self, server, ledger, name, seed):
        super().__init__(name=name)
        self.server = server
        self.ledger = ledger
        self.random = random.Random(seed)
        self.error = None
        self.pushed = 0

    def run(self):
        try:
            client = Client(self.server)
            while True:
                self.push_image(client)
                self.pushed += 1
        except (OSError, http.client.HTTPException):
            pass  # the server was killed
        except Failed as failed:
            self.error = failed

    def content(self):
        size = self.random.choice([0, 10, 2000, 60_000, 70_000, 300_000, 2_000_000, 6_000_000])
        return self.random.randbytes(size) if size else b""

    def push_image(self, client):
        layers = [self.content() for _ in range(self.random.randint(0, 2))]
        config = json.dumps({"n": self.random.random()}).encode()
        for blob in [*layers, config]:
            self.push_blob(client, blob)
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": OCI_MANIFEST,
            "config": {"mediaType": OCI_CONFIG, "digest": digest_of(config), "size": len(config)},
            "layers": [{"mediaType": OCI_LAYER, "digest": digest_of(layer), "size": len(layer)}
                       for layer in layers]}).encode()
        own = "%s-%d" % (self.name, self.pushed)
        for tag in (own, "moving-" + self.name.split("-")[1]):
            self.push_manifest(client, tag, manifest)

    def push_blob(self, client, blob):
        way = self.random.choice([self.at_once, self.post_put, self.chunked])
        way(client, blob)

    def close_with(self, blob, request):
        digest = digest_of(blob)
        self.ledger.note(lambda l: l.closing.__setitem__(digest, blob))
        request()
        self.ledger.note(lambda l: l.blobs.__setitem__(digest, blob))

    def at_once(self, client, blob):
        target = add_query("/v2/%s/blobs/uploads/" % REPOSITORY, digest=digest_of(blob))
        self.close_with(blob, lambda: client.expect(201, "POST", target, blob))

    def begin(self, client):
        headers, _ = client.expect(202, "POST", "/v2/%s/blobs/uploads/" % REPOSITORY)
        return headers["location"]

    def opened(self, client, blob):
        """Begins an upload that the ledger knows of until its end is acknowledged: even one whose
        closing request was cut off may still be there to be continued."""
        location = self.begin(client)
        digest = digest_of(blob)

        def note(ledger):
            ledger.unfinished[location] = blob
            if digest not in ledger.closing:
                ledger.unsent.add(digest)
        self.ledger.note(note)
        return location

    def close_session(self, client, location, blob, body=None):
        target = add_query(location, digest=digest_of(blob))
        self.close_with(blob, lambda: client.expect(201, "PUT", target, body))
        self.ledger.note(lambda l: l.unfinished.pop(location))

    def post_put(self, client, blob):
        self.close_session(client, self.opened(client, blob), blob, blob)

    def chunked(self, client, blob):
        location = self.opened(client, blob)
        step = max(1, len(blob) // self.random.randint(1, 12))
        for at in range(0, len(blob), step):
            client.expect(202, "PATCH", location, blob[at:at + step],
                          {"Content-Range": "%d-%d" % (at, min(at + step, len(blob)) - 1)})
        self.close_session(client, location, blob)

    def push_manifest(self, client, tag, manifest):
        self.ledger.note(lambda l: l.tagging.__setitem__(tag, manifest))
        client.expect(201, "PUT", "/v2/%s/manifests/%s" % (REPOSITORY, tag), manifest,
                      {"Content-Type": OCI_MANIFEST})

        def acknowledged(ledger):
            ledger.tags[tag] = manifest
            ledger.tagging.pop(tag, None)
        self.ledger.note(acknowledged)


def blob_target(digest):
    return "/v2/%s/blobs/%s" % (REPOSITORY, digest)


def verify_blobs(client, ledger):
    for digest, content in ledger.blobs.items():
        _, got = client.expect(200, "GET", blob_target(digest))
        check(got == content, "blob %s is not what was pushed" % digest)
    for digest, content in list(ledger.closing.items()):
        if digest in ledger.blobs:
            continue
        status, _, got = client.do("GET", blob_target(digest))
        check(status == 404 or (status == 200 and got == content),
              "blob %s in flight is there in part: %d" % (digest, status))
        if status == 200:
            ledger.blobs[digest] = content  # from now on it must stay
    for digest in ledger.unsent - set(ledger.closing):
        status, _, _ = client.do("HEAD", blob_target(digest))
        check(status == 404, "blob %s is visible but was never finished" % digest)


def verify_tag(client, ledger, tag):
    allowed = [m for m in (ledger.tags.get(tag), ledger.tagging.get(tag)) if m is not None]
    status, headers, got = client.do("GET", "/v2/%s/manifests/%s" % (REPOSITORY, tag))
    if status == 404:
        check(tag not in ledger.tags, "tag %s was acknowledged and is gone" % tag)
        return
    check(status == 200 and got in allowed, "tag %s points at something else" % tag)
    check(headers["docker-content-digest"] == digest_of(got), "tag %s: wrong digest" % tag)
    ledger.tags[tag] = got
    document = json.loads(got)
    for blob in [document["config"], *document["layers"]]:
        client.expect(200, "HEAD", blob_target(blob["digest"]))


def verify_tags(client, ledger):
    for tag in set(ledger.tags) | set(ledger.tagging):
        verify_tag(client, ledger, tag)
    _, body = client.expect(200, "GET", "/v2/%s/tags/list" % REPOSITORY)
    listed = set(json.loads(body)["tags"])
    check(listed == set(ledger.tags), "the tag list differs: %s" %
          sorted(listed ^ set(ledger.tags))[:5])
    ledger.tagging.clear()


def finish_uploads(client, ledger, rng):
    """Goes on with some interrupted uploads, cancels the rest."""
    resumed = 0
    for location, blob in list(ledger.unfinished.items()):
        status, headers, _ = client.do("GET", location)
        check(status in (204, 404), "upload status %d" % status)
        if status == 404:
            continue  # it had not left memory
        last = int(headers["range"].split("-")[1])
        have = 0 if last == 0 else last + 1
        check(have <= len(blob), "the upload has more bytes than were sent")
        digest = digest_of(blob)
        if have > 0 and rng.random() < 0.5:
            headers = {"Content-Range": "%d-%d" % (have, len(blob) - 1)} if have < len(blob) else {}
            client.expect(201, "PUT", add_query(location, digest=digest), blob[have:] or None,
                          headers)
            ledger.blobs[digest] = blob
            resumed += 1
        else:
            client.expect(204, "DELETE", location)
    ledger.unfinished.clear()
    ledger.unsent.clear()
    return resumed


def files_under(data, folder):
    return [os.path.join(path, name)
            for path, _, names in os.walk(data) for name in names
            if folder in os.path.relpath(path, data).split(os.sep)]


def verify_files(server, client):
    left = files_under(server.data, "staging")
    check(not left, "temporary files are left: %s" % left[:3])
    # Of so many records the audit trail writes segments, which are blobs of no repository.
    _, listed = client.expect(200, "GET", "/breakwater/v1/audit/segments")
    segments = {segment["digest"] for segment in json.loads(listed)["segments"]}
    for path in files_under(server.data, "sha256"):
        digest = "sha256:" + os.path.basename(path)
        if digest in segments:
            continue
        status, _, _ = client.do("HEAD", blob_target(digest))
        check(status == 200, "the file of blob %s belongs to no repository" % digest)


def run_round(server, ledger, number, rng):
    workers = [Worker(server, ledger, "r%d-%d" % (number, i), rng.random())
               for i in range(WORKERS)]
    for worker in workers:
        worker.start()
    time.sleep(rng.uniform(0.02, 0.8))
    server.kill()
    for worker in workers:
        worker.join(timeout=120)
        check(not worker.is_alive(), "a client hangs")
        if worker.error:
            raise worker.error

    server.start()
    client = Client(server)
    verify_blobs(client, ledger)
    verify_tags(client, ledger)
    resumed = finish_uploads(client, ledger, rng)
    verify_files(server, client)
    client.close()
    return sum(worker.pushed for worker in workers), resumed


def verify_all(server):
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith("BREAKWATER_")}
    done = subprocess.run([BINARY, "fsck", "--data", server.data], env=environment,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    check(done.returncode == 0, "fsck ends with %d:\n%s" % (done.returncode,
                                                           done.stdout.decode(errors="replace")))


def run(directory):
    rng = random.Random(SEED)
    server = Server(directory)
    ledger = Ledger()
    server.start()
    try:
        client = Client(server)
        client.expect(201, "PUT", "/api/v1/namespaces/" + REPOSITORY.split("/")[0])
        client.close()
        images = resumed = 0
        for number in range(ROUNDS):
            pushed, continued = run_round(server, ledger, number, rng)
            images += pushed
            resumed += continued
            print("round %d/%d: %d images, %d blobs, %d tags, %d uploads resumed so far" %
                  (number + 1, ROUNDS, images, len(ledger.blobs), len(ledger.tags), resumed),
                  flush=True)
        check(images > 0 and ledger.blobs, "no image was pushed in any round: nothing was tested")
        server.stop()
        verify_all(server)
    finally:
        if server.process.poll() is None:
            server.kill()


def main():
    directory = tempfile.mkdtemp(prefix="kill-nine-", dir=os.environ.get("BREAKWATER_TEST_DIR"))
    print("seed %d" % SEED)
    try:
        run(directory)
    except Failed as failed:
        print("FAILED (seed %d, data kept in %s): %s" % (SEED, directory, failed))
        return 1
    shutil.rmtree(directory)
    print("passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
